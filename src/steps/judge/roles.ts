/**
 * Roles as sets of permissions (R-WHO-2), and the effects that each permission
 * covers. `compile.ts` makes policies of them.
 *
 * @module
 */
import { EFFECTS, type Effect } from "../../core/tool.ts";

const PERMISSION_EFFECTS = {
  read_files: ["read"],
  write_files: ["write", "delete"],
  execute_commands: ["exec"],
  use_network: ["fetch"],
  send_messages: ["send"],
  pay: ["pay"],
  automate: ["remember", "schedule", "spawn"],
  manage_skills: ["install"],
  manage_config: ["configure"],
  use_tools: ["use_mcp"],
} as const satisfies Record<string, readonly Effect[]>;
type ToolPermission = keyof typeof PERMISSION_EFFECTS;

const DEVELOPER: readonly ToolPermission[] = [
  "read_files",
  "write_files",
  "execute_commands",
  "use_network",
  "send_messages",
  "automate",
  "use_tools",
];

const isPermission = (name: string): name is ToolPermission => Object.hasOwn(PERMISSION_EFFECTS, name);

const effectsOf = (permissions: readonly ToolPermission[]): ReadonlySet<Effect> =>
  new Set(permissions.flatMap((permission): readonly Effect[] => PERMISSION_EFFECTS[permission]));

/** The roles that ship. */
const SHIPPED: ReadonlyMap<string, ReadonlySet<Effect>> = new Map([
  ["owner", new Set<Effect>([...EFFECTS, "unknown"])],
  ["admin", new Set<Effect>([...EFFECTS, "unknown"])],
  ["developer", effectsOf(DEVELOPER)],
  ["viewer", effectsOf(["read_files"])],
]);

/**
 * The shipped roles and the configured ones; a configured role of the same name replaces the shipped one. A role that is
 * nowhere, and a permission that is not known, permits nothing.
 */
export function rolesOf(
  configured: ReadonlyMap<string, readonly string[]> | undefined,
): ReadonlyMap<string, ReadonlySet<Effect>> {
  const own = [...(configured ?? [])].map(
    ([name, permissions]) => [name, effectsOf(permissions.filter(isPermission))] as const,
  );
  return new Map([...SHIPPED, ...own]);
}
