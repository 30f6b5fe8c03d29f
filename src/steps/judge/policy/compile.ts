/**
 * Configuration to Cedar: a posture becomes policies in Cedar's JSON form.
 *
 * Every policy made here forbids: configuration narrows, it never permits what
 * floor and flow do not.
 *
 * @module
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { TRUST_LEVELS, trustRank } from "../../../core/label.ts";
import type { Posture, ToolPosture } from "../../../core/posture.ts";
import { dlpPolicies } from "./dlp.ts";
import { EFFECTS, type Effect } from "../../../core/tool.ts";
import { PROFILES } from "../offered.ts";
import { rolesOf } from "../roles.ts";
import {
  all,
  any,
  approved,
  below,
  containsAny,
  contextFact,
  equal,
  forbid,
  not,
  oneOf,
  principalFact,
  resourceFact,
} from "./expressions.ts";

/** Doors with the same rules share their policies. */
type Doors = { readonly name: string; readonly doors: readonly string[]; readonly rules: ToolPosture };

/** @returns policies, each with `@id` and `@says`. */
export function compilePosture(posture: Posture): readonly PolicyJson[] {
  const doors = groupDoors(posture);
  return [
    ...doors.flatMap((group) => [...toolPolicies(group), ...execPolicies(group)]),
    ...doorPolicies(posture),
    commandBlock(),
    outside(posture),
    egress(),
    ...dlpPolicies(posture.dlp ?? []),
    ...effectPolicies(posture),
    ...rolePolicies(posture),
  ];
}

function groupDoors(posture: Posture): readonly Doors[] {
  const groups = new Map<string, { doors: string[]; rules: ToolPosture }>();
  for (const [door, rules] of posture.channels) {
    const key = JSON.stringify([rules.profile, rules.allow, rules.deny, rules.exec.security, rules.exec.ask]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { doors: [door], rules });
    else group.doors.push(door);
  }
  return [...groups.values()].map(({ doors, rules }) => ({ name: nameOf(doors), doors, rules }));
}

/** Short enough for a policy id, and of its letters; a door is in one group, so its name is that of no other. */
function nameOf(doors: readonly string[]): string {
  const [first = "", ...rest] = doors.map((door) => door.replaceAll("@", ":at:"));
  const all = [first, ...rest].join("+");
  return all.length <= 60 ? all : `${first.slice(0, 90)}+${rest.length}:more`;
}

const atDoor = (doors: readonly string[]): ReturnType<typeof oneOf> => oneOf(contextFact("door"), doors);

/** A door that configuration does not know has no rules, so nothing comes through it. */
function doorPolicies(posture: Posture): readonly PolicyJson[] {
  const known = [...posture.channels.keys()];
  return [
    forbid({
      id: "config.channel",
      says: "This channel has no tool rules, so no tool may be used from it.",
      hint: "give the channel a `tools` section in the configuration",
      actions: [],
      when: not(atDoor(known)),
    }),
  ];
}

function toolPolicies({ name, doors, rules }: Doors): readonly PolicyJson[] {
  const labels = contextFact("labels");
  const policies: PolicyJson[] = [];
  const profile = PROFILES[rules.profile];
  if (profile !== "everything") {
    policies.push(
      forbid({
        id: `config.tools.profile.${name}`,
        says: `The tool profile here (${rules.profile}) does not have this tool.`,
        hint: "use another tool, or change `tools.profile`",
        actions: [],
        when: atDoor(doors),
        unless: containsAny(labels, profile),
      }),
    );
  }
  if (rules.allow.length > 0) {
    policies.push(
      forbid({
        id: `config.tools.allow.${name}`,
        says: "The tool is not in the list of allowed tools here.",
        hint: "use another tool, or add it to `tools.allow`",
        actions: [],
        when: atDoor(doors),
        unless: containsAny(labels, rules.allow),
      }),
    );
  }
  if (rules.deny.length > 0) {
    policies.push(
      forbid({
        id: `config.tools.deny.${name}`,
        says: "The tool is denied here.",
        hint: "use another tool; `tools.deny` names this one",
        actions: [],
        when: all(atDoor(doors), containsAny(labels, rules.deny)),
      }),
    );
  }
  return policies;
}

function execPolicies({ name, doors, rules }: Doors): readonly PolicyJson[] {
  const { security, ask } = rules.exec;
  const base = { actions: ["exec"] as const satisfies readonly Effect[] };
  if (security === "deny") {
    return [
      forbid({
        ...base,
        id: `config.exec.deny.${name}`,
        says: "Commands are off here.",
        hint: "use the terminal or the web chat, or change `tools.exec.security`",
        when: atDoor(doors),
      }),
    ];
  }
  // With `ask: off` nobody is asked, so what would have been asked is denied.
  const lifted = ask === "off" ? {} : { unless: approved("yes") };
  const policies = [
    forbid({
      ...base,
      id: `config.exec.opaque.${name}`,
      resource: "Command",
      says: "A part of the command cannot be decided before it runs.",
      hint: "write the command without that part, with names and paths spelled out",
      when: all(atDoor(doors), resourceFact("opaque")),
      ...lifted,
    }),
  ];
  if (security === "allowlist") {
    policies.push(
      forbid({
        ...base,
        id: `config.exec.unlisted.${name}`,
        resource: "Command",
        says: "The command is not on the allowlist.",
        hint: "use a program that is on it, or add this one to `tools.exec.allow`",
        when: all(atDoor(doors), not(resourceFact("listed"))),
        ...lifted,
      }),
    );
  }
  if (ask === "always") {
    policies.push(
      forbid({
        ...base,
        id: `config.exec.always.${name}`,
        says: "Every command is asked about here.",
        hint: "`tools.exec.ask` is `always`",
        when: atDoor(doors),
        unless: approved("yes"),
      }),
    );
  }
  return policies;
}

function commandBlock(): PolicyJson {
  return forbid({
    id: "config.exec.block",
    says: "The command is on the blocklist.",
    hint: "use another program; `tools.exec.block` names this one",
    actions: ["exec"],
    resource: "Command",
    when: resourceFact("blocked"),
  });
}

function outside(posture: Posture): PolicyJson {
  const zone = equal(resourceFact("zone"), "outside");
  const { workspaceOnly } = posture.fs;
  return forbid({
    id: "config.fs.outside",
    says: workspaceOnly ? "The path is outside the workspace." : "The path is outside the workspace: that is asked.",
    hint: "use a path in the workspace, or add the folder to `tools.fs.allowedPaths`",
    actions: ["read", "write", "delete"],
    resource: "File",
    when: zone,
    ...(workspaceOnly ? {} : { unless: approved("yes") }),
  });
}

function egress(): PolicyJson {
  const verbatim = all(
    contextFact("named"),
    oneOf(resourceFact("method"), ["GET", "HEAD"]),
    not(resourceFact("inCommand")),
  );
  return forbid({
    id: "config.egress",
    says: "The host is not on the egress allowlist.",
    hint: "add the host to `egress.allow`, or write the whole address yourself",
    actions: ["fetch", "send", "pay", "use_mcp"],
    resource: "Host",
    when: not(resourceFact("listed")),
    unless: any(verbatim, approved("yes")),
  });
}

/** Stricter than shipped only: a forbid can add to the matrix, never take away. */
function effectPolicies(posture: Posture): readonly PolicyJson[] {
  return [...posture.effects]
    .filter(([, trust]) => trust !== "none")
    .map(([effect, trust]) =>
      forbid({
        id: `config.effects.${effect}`,
        says: `Here, this needs text of ${TRUST_LEVELS[trustRank(trust)]} trust, a person who named it, or a yes.`,
        hint: `the configuration says so: \`effects.${effect}\``,
        actions: [effect],
        when: below(contextFact("influence"), trustRank(trust)),
        unless: any(contextFact("designated"), approved("yes")),
      }),
    );
}

/** A person with roles has what his roles permit and no more; one without is bound by trust alone. */
function rolePolicies(posture: Posture): readonly PolicyJson[] {
  const effects: readonly Effect[] = [...EFFECTS, "unknown"];
  const roles = rolesOf(posture.roles);
  return effects.map((effect) => {
    const holders = [...roles].filter(([, permitted]) => permitted.has(effect)).map(([role]) => role);
    const isHolder = holders.map((role) => ({
      in: { left: { Var: "principal" as const }, right: { Value: { __entity: { type: "Role", id: role } } } },
    }));
    const [first, ...rest] = isHolder;
    return forbid({
      id: `config.roles.${effect}`,
      says: "None of this person's roles permits it.",
      hint: "an operator can give the person another role",
      actions: [effect],
      when: principalFact("hasRoles"),
      ...(first === undefined ? {} : { unless: any(first, ...rest) }),
    });
  });
}
