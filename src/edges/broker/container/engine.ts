/**
 * The container engine that is configured, looked at before anything runs in
 * it: does it answer, has it the pinned image and the named runtime. What is
 * missing is refused with the reason; nothing else is used instead.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import type { ContainerConfig } from "../../../core/broker-wire.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../../core/json.ts";
import { Refused } from "../refusal.ts";
import { type Api, engineSaid, openApi } from "./api.ts";
import { seccompProfile } from "./profile.ts";

export type Engine = {
  readonly api: Api;
  readonly isPodman: boolean;
  /** Of the very image that was pinned. */
  readonly imageId: string;
  /** As the engine knows it; null: its own. */
  readonly runtime: string | null;
  /** Whether programs meet this machine's kernel, so that `/proc` outside shows what holds them. */
  readonly sharesKernel: boolean;
  /** How this engine is told to leave user ids as they are. */
  readonly usernsMode: "" | "host" | "keep-id";
  readonly seccomp: string;
  readonly cpus: number;
  /** Podman does not tell the runtime in Docker's words. */
  runtimeOf(id: string): Promise<JsonObject>;
};

/** @throws Refused SANDBOX_MISSING, SANDBOX_BROKEN */
export async function openEngine(config: ContainerConfig, folder: string): Promise<Engine> {
  const bare = openApi(config.socket, "");
  const version = await get(bare, "/version", "say its version");
  const api = openApi(config.socket, `/v${text(version["ApiVersion"])}`);
  const info = await get(api, "/info", "describe itself");
  const isPodman = isArray(version["Components"]) && version["Components"].some(isPodmanPart);
  return {
    api,
    isPodman,
    imageId: await imageOf(api, config.image),
    runtime: runtimeOf(info, config),
    sharesKernel: !/^(?:runsc|kata)/.test(config.runtime ?? ""),
    usernsMode: usernsOf(info, isPodman),
    seccomp: seccompOption(isPodman, folder),
    cpus: Math.min(config.cpus, number(info["NCPU"]) || config.cpus),
    async runtimeOf(id) {
      if (!isPodman || config.runtime === null) return {};
      const own = await get(bare, `/v4.0.0/libpod/containers/${id}/json`, "describe a container");
      return { OCIRuntime: text(own["OCIRuntime"]) };
    },
  };
}

async function get(api: Api, path: string, what: string): Promise<JsonObject> {
  const answer = await api.call("GET", path);
  if (answer.status !== 200 || !isObject(answer.body)) throw engineSaid(what, answer);
  return answer.body;
}

function isPodmanPart(part: JsonValue): boolean {
  return isObject(part) && text(part["Name"]).startsWith("Podman");
}

async function imageOf(api: Api, image: string): Promise<string> {
  const answer = await api.call("GET", `/images/${image}/json`);
  if (answer.status === 404) throw imageMissing(image, "is not there");
  if (answer.status !== 200 || !isObject(answer.body)) throw engineSaid("look for the image", answer);
  const { Id: id, RepoDigests: digests, Config: own } = answer.body;
  const names = [text(id), ...(isArray(digests) ? digests.map(text) : [])];
  const digest = image.slice(image.indexOf("sha256:"));
  if (!names.some((name) => name === digest || name.endsWith(`@${digest}`))) {
    throw imageMissing(image, "has another digest now");
  }
  const volumes = isObject(own) && isObject(own["Volumes"]) ? Object.keys(own["Volumes"]) : [];
  if (volumes.length > 0) throw imageMissing(image, `wants volumes of its own (${volumes.join(", ").slice(0, 100)})`);
  return text(id);
}

function imageMissing(image: string, why: string): Refused {
  const hint = image.startsWith("sha256:")
    ? "load or build the image, and pin what `docker image inspect --format '{{.Id}}'` prints"
    : `fetch it: \`docker pull ${image}\` (or \`podman pull\`); vambrace never fetches images by itself`;
  return new Refused("SANDBOX_MISSING", `the sandbox's image \`${image}\` ${why}`, hint);
}

function runtimeOf(info: JsonObject, { runtime }: ContainerConfig): string | null {
  if (runtime === null) return null;
  const known = isObject(info["Runtimes"]) ? Object.keys(info["Runtimes"]) : [];
  if (known.includes(runtime)) return runtime;
  throw new Refused(
    "SANDBOX_MISSING",
    `the container engine has no runtime \`${runtime}\` (it has: ${known.join(", ").slice(0, 200) || "none"})`,
    "install it and name it to the engine (`/etc/docker/daemon.json`, or `runtime` in Podman's containers.conf), then restart the engine",
  );
}

/** Programs must meet the person's files as the person's own, and never as root. */
function usernsOf(info: JsonObject, isPodman: boolean): Engine["usernsMode"] {
  const options = isArray(info["SecurityOptions"]) ? info["SecurityOptions"].map(text) : [];
  const has = (name: string): boolean => options.some((option) => option.split(",").includes(`name=${name}`));
  if (has("userns")) return "host";
  if (!has("rootless")) return "";
  if (isPodman) return "keep-id";
  throw new Refused(
    "SANDBOX_MISSING",
    "rootless Docker cannot run a program as the person who owns the files without being root inside",
    "use rootless Podman (`systemctl --user start podman.socket`), or Docker's ordinary socket",
  );
}

/** Docker takes the profile itself, Podman the path of a file that has it. */
function seccompOption(isPodman: boolean, folder: string): string {
  const profile = JSON.stringify(seccompProfile(process.arch === "arm64" ? "arm64" : "x64"));
  if (!isPodman) return profile;
  const file = join(folder, "seccomp.json");
  fs.writeFileSync(file, profile, { mode: 0o600 });
  return file;
}

export function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

export function number(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}
