/**
 * What has to fit together: each rule here refuses a configuration whose parts
 * are right one by one and wrong together.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import { CONFIG_NAME, type ConfigText, type Path } from "./document.ts";
import { checkBackup } from "./backup.ts";
import { checkAlerts } from "./alerts.ts";
import { checkEgress } from "./egress.ts";
import { checkModels } from "./checks-models.ts";
import { isLoopback } from "./hosts.ts";
import { didYouMean } from "../../core/nearest.ts";
import { alwaysBlocked, expand, inHiddenEntry, isWithin, overlap, type Places, realPath } from "./places.ts";
import type { Config } from "./schema.ts";
import { checkSecrets } from "./secret-settings.ts";
import { FOREIGN_TOOLS } from "./vocabulary.ts";
import { checkSandbox } from "./sandbox.ts";

type Refusal = { readonly path: Path; readonly says: string; readonly hint: string };

export const BUILT_IN_ROLES: readonly string[] = ["owner", "admin", "developer", "viewer"];

/** @throws Fault CONFIG_UNSAFE for the first rule that is broken. */
export function checkTogether(config: Config, source: ConfigText, places: Places): void {
  for (const check of [
    gateway,
    checkSandbox,
    workspaces,
    allowedPaths,
    people,
    toolNames,
    declarations,
    checkModels,
    checkEgress,
    checkSecrets,
    checkBackup,
    checkAlerts,
  ]) {
    for (const { path, says, hint } of check(config, places)) {
      throw new Fault("CONFIG_UNSAFE", {
        message: `${CONFIG_NAME}, line ${source.lineOf(path)}: \`${path.join(".")}\` ${says}`,
        hint,
      });
    }
  }
}

/** R-GATE-1: wider than this machine only on purpose, and behind a proxy that ends TLS. */
function* gateway({
  gateway: { mode, bind, customBindHost, trustedProxies, allowedHosts },
}: Config): Generator<Refusal> {
  const path = ["gateway", "bind"];
  if (bind === "custom" && customBindHost === undefined) {
    yield { path, says: "is `custom` and no address is named", hint: "write the address as `gateway.customBindHost`" };
  }
  if (bind !== "custom" && customBindHost !== undefined) {
    yield {
      path: ["gateway", "customBindHost"],
      says: "counts with `bind: custom` only",
      hint: "write `bind: custom`, or take it out",
    };
  }
  if (bind === "loopback" || (customBindHost !== undefined && isLoopback(customBindHost))) return;
  if (mode !== "remote") {
    yield {
      path,
      says: "reaches beyond this machine, and `gateway.mode` is `local`",
      hint: "write `mode: remote` if that is meant",
    };
  }
  if (trustedProxies.length === 0) {
    yield {
      path,
      says: "reaches beyond this machine without TLS",
      hint: "put a proxy that ends TLS in front and name its address in `gateway.trustedProxies`, or write `bind: loopback`",
    };
  }
  if (allowedHosts.length === 0) {
    yield {
      path,
      says: "needs the names that the gateway is reached by",
      hint: "write them in `gateway.allowedHosts`",
    };
  }
}

function* workspaces(config: Config, places: Places): Generator<Refusal> {
  const seen: { readonly path: Path; readonly folder: string }[] = [];
  for (const { path, folder } of workspacesOf(config, places)) {
    for (const own of [places.home, places.installation]) {
      if (overlap(folder, own)) {
        const what = own === places.home ? "the state folder" : "the installation";
        yield { path, says: `lies above, in or at ${what}`, hint: "choose a folder of its own, such as `~/vambrace`" };
      }
    }
    const blocked = blockedBy(folder, places);
    if (blocked !== undefined) {
      yield {
        path,
        says: `lies in ${blocked}, which tools never reach`,
        hint: "choose a folder of its own, such as `~/vambrace`",
      };
    }
    const held = [places.userHome, ...alwaysBlocked(places)].find((each) => holds(folder, each));
    if (held !== undefined) {
      yield {
        path,
        says: `holds \`${held}\`, which tools never reach`,
        hint: "choose a folder of its own, such as `~/vambrace`",
      };
    }
    const other = seen.find((each) => overlap(each.folder, folder));
    if (other !== undefined) {
      yield { path, says: `overlaps \`${other.path.join(".")}\``, hint: "give each agent a folder of its own" };
    }
    seen.push({ path, folder });
  }
}

export function workspacesOf(config: Config, places: Places): readonly { path: Path; folder: string }[] {
  return [
    { path: ["agents", "defaults", "workspace"], folder: expand(config.agents.defaults.workspace, places) },
    ...Object.entries(config.agents.entries).map(([id, agent]) => ({
      path: ["agents", "entries", id, "workspace"],
      folder: expand(agent.workspace, places),
    })),
  ];
}

function* allowedPaths(config: Config, places: Places): Generator<Refusal> {
  for (const [i, written] of config.tools.fs.allowedPaths.entries()) {
    const path = ["tools", "fs", "allowedPaths", i];
    const folder = expand(written, places);
    const blocked = blockedBy(folder, places);
    if (blocked !== undefined) {
      yield {
        path,
        says: `lies in ${blocked}, which is blocked whatever is allowed`,
        hint: "take it out, and copy what is needed into the workspace",
      };
    }
    if ([places.home, places.installation].some((own) => isWithin(realPath(folder), realPath(own)))) {
      yield {
        path,
        says: "lies in the state folder or the installation",
        hint: "take it out; tools never reach these",
      };
    }
  }
}

/** The home folder counts: each hidden entry in it is blocked (R-FS-1), and the workspace is mounted whole. */
function holds(folder: string, inner: string): boolean {
  return isWithin(inner, folder) || isWithin(realPath(inner), realPath(folder));
}

function blockedBy(folder: string, places: Places): string | undefined {
  for (const path of [folder, realPath(folder)]) {
    if (inHiddenEntry(path, places)) return "a hidden entry of the home folder";
    const blocked = alwaysBlocked(places).find((each) => isWithin(path, each));
    if (blocked !== undefined) return `\`${blocked}\``;
  }
  return undefined;
}

function* people(config: Config): Generator<Refusal> {
  const roles = [...BUILT_IN_ROLES, ...Object.keys(config.roles)];
  for (const name of Object.keys(config.roles)) {
    if (BUILT_IN_ROLES.includes(name)) {
      yield { path: ["roles", name], says: "is built in", hint: "give your role another name" };
    }
  }
  for (const [id, person] of Object.entries(config.people)) {
    for (const [i, role] of person.roles.entries()) {
      if (!roles.includes(role)) {
        yield {
          path: ["people", id, "roles", i],
          says: "names a role that there is not",
          hint: didYouMean(role, roles),
        };
      }
    }
  }
  const owner = config.people["owner"];
  const hasFull = Object.values(config.people).some((person) => person.trust === "full");
  if (owner !== undefined && !hasFull) {
    yield {
      path: ["people", "owner", "trust"],
      says: "leaves nobody with full trust",
      hint: "keep `trust: full` for one person: what asks the owner could not be answered",
    };
  }
}

/** A name that no tool has would deny or allow nothing, and look as if it did. */
function* toolNames(config: Config): Generator<Refusal> {
  const groups = [...CATALOGUE.values()].flatMap((tool) => tool.groups);
  const known = [
    ...new Set([...CATALOGUE.keys(), ...groups, "group:declared", ...Object.keys(config.tools.declarations)]),
  ];
  for (const { path, names } of toolLists(config)) {
    for (const [i, name] of names.entries()) {
      if (known.includes(name)) continue;
      const own = FOREIGN_TOOLS.get(name);
      const hint = own === undefined ? didYouMean(name, known) : `here the tool is called \`${own}\``;
      yield { path: [...path, i], says: "names a tool that there is not", hint };
    }
  }
}

function toolLists(config: Config): readonly { path: Path; names: readonly string[] }[] {
  const layers: readonly {
    path: Path;
    layer: { allow?: readonly string[] | undefined; deny?: readonly string[] | undefined };
  }[] = [
    { path: ["tools"], layer: config.tools },
    ...Object.entries(config.channels).map(([id, { tools }]) => ({
      path: ["channels", id, "tools"],
      layer: tools ?? {},
    })),
    ...Object.entries(config.agents.entries).map(([id, { tools }]) => ({
      path: ["agents", "entries", id, "tools"],
      layer: { deny: tools?.deny },
    })),
  ];
  return layers.flatMap(({ path, layer }) => [
    { path: [...path, "allow"], names: layer.allow ?? [] },
    { path: [...path, "deny"], names: layer.deny ?? [] },
  ]);
}

/** What ships has its own declaration: another word about it could only loosen. */
function* declarations(config: Config): Generator<Refusal> {
  for (const name of Object.keys(config.tools.declarations)) {
    if (CATALOGUE.has(name)) {
      yield {
        path: ["tools", "declarations", name],
        says: "is a tool that ships",
        hint: "use `tools.deny` or `effects` to restrict it",
      };
    }
  }
}
