/**
 * The sandbox in the configuration: which back-end, and what it is given.
 *
 * @module
 */
import { z } from "zod";
import type { Path } from "./document.ts";

const plainPath = z
  .string()
  .regex(/^\/[^\0]{1,4094}$/, "write the path from the root")
  .refine((text) => !text.split("/").includes(".."), "write the path without `..`");
const pinned = z
  .string()
  .regex(
    /^(?:[a-z0-9][a-z0-9._:/-]{0,254}@)?sha256:[0-9a-f]{64}$/,
    "pin the image by digest, a tag can come to mean another: `name@sha256:…`, or its id `sha256:…`; `docker image inspect --format '{{.Id}} {{.RepoDigests}}' NAME` prints both",
  );
const container = z.strictObject({
  socket: plainPath,
  image: pinned,
  runtime: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "write the name that the engine knows the runtime by: `runsc`")
    .optional(),
  warm: z.int().min(0).max(16).default(1),
  cpus: z.number().min(0.1).max(1_024).default(2),
});

export const sandbox = z
  .strictObject({
    enabled: z.literal(true).default(true),
    backend: z.enum(["bubblewrap", "container"]).default("bubblewrap"),
    scope: z.enum(["call", "session"]).default("call"),
    idleMinutes: z.int().min(1).max(1_440).optional(),
    container: container.optional(),
    memoryMb: z.int().min(64).max(1_048_576).default(2_048),
    processes: z.int().min(4).max(32_768).default(256),
    fileMb: z.int().min(1).max(1_048_576).default(512),
    cpus: z.number().min(0.1).max(1_024).optional(),
  })
  .prefault({});

type Refusal = { readonly path: Path; readonly says: string; readonly hint: string };
type Configured = { readonly agents: { readonly defaults: { readonly sandbox: z.output<typeof sandbox> } } };

/** R-BOX-4: what is asked for has to be complete, and what would be ignored is not accepted. */
export function* checkSandbox({ agents }: Configured): Generator<Refusal> {
  const { backend, container, scope, idleMinutes, cpus } = agents.defaults.sandbox;
  const path = ["agents", "defaults", "sandbox"];
  if (backend === "container" && container === undefined) {
    yield {
      path: [...path, "backend"],
      says: "is `container`, and no engine and image are named",
      hint: "write `container: {socket: /run/podman/podman.sock, image: sha256:…}` beside it",
    };
  }
  if (backend === "bubblewrap" && container !== undefined) {
    yield {
      path: [...path, "container"],
      says: "counts with `backend: container` only",
      hint: "write `backend: container`, or take it out",
    };
  }
  if (backend === "container" && cpus !== undefined) {
    yield {
      path: [...path, "cpus"],
      says: "counts with `backend: bubblewrap` only",
      hint: "write it as `container.cpus`",
    };
  }
  if (scope === "call" && idleMinutes !== undefined) {
    yield {
      path: [...path, "idleMinutes"],
      says: "counts with `scope: session` only",
      hint: "write `scope: session`, or take it out: per call, nothing is kept",
    };
  }
}
