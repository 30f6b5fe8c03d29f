/**
 * Tool declarations: what the judge knows of a tool before anybody calls it.
 *
 * A declaration is an operator's word, not the tool's: what a server or skill
 * says of itself may only make it stricter. A tool without one is `unknown`
 * and treated as the most dangerous.
 *
 * @module
 */
import type { JsonObject } from "./json.ts";
import type { Confidentiality, Trust } from "./label.ts";

export const EFFECTS = [
  "read",
  "write",
  "delete",
  "exec",
  "fetch",
  "send",
  "pay",
  "remember",
  "schedule",
  "spawn",
  "configure",
  "install",
  "use_mcp",
] as const;
/** What a call does to the world; `unknown` where nobody declared it. */
export type Effect = (typeof EFFECTS)[number] | "unknown";

export const ARGUMENT_ROLES = [
  "recipient",
  "host",
  "url",
  "path",
  "command",
  "amount",
  "target",
  "value",
  "content",
  "plain",
] as const;
/** What an argument means. Absent in a declaration: `target`. */
export type ArgumentRole = (typeof ARGUMENT_ROLES)[number];

/** The roles whose value decides whom or what a call reaches. `content` matters where it leaves; `plain` never. */
export const ROLES_THAT_MATTER: ReadonlySet<ArgumentRole> = new Set([
  "recipient",
  "host",
  "url",
  "path",
  "command",
  "amount",
  "target",
  "value",
]);

export type ReturnLabel = { readonly trust: Trust; readonly confidentiality: Confidentiality };

export type ToolDeclaration = {
  readonly name: string;
  readonly effect: Effect;
  /** By argument name; an argument that is missing here has the role `target`. */
  readonly roles: ReadonlyMap<string, ArgumentRole>;
  readonly returns: ReturnLabel;
  /** The person's own directory: resolves names that a person wrote; never designates by itself. */
  readonly directory: boolean;
  /** What its hosts are reached with, whatever its arguments say. Absent: the argument `method`, else GET. */
  readonly method?: "POST";
};

/** A tool that ships or was configured: what the model is shown, and what the judge knows. */
export type Tool = {
  readonly declaration: ToolDeclaration;
  /** What the model is told, in one or two sentences. */
  readonly description: string;
  /** `group:fs`, `group:runtime`, …: names that allow and deny lists may use. */
  readonly groups: readonly string[];
  /** JSON Schema of the arguments, as shown to the model. */
  readonly parameters: JsonObject;
  /**
   * Checks and normalises arguments; unknown keys are errors.
   *
   * @throws Fault TOOL_ARGUMENTS_MALFORMED, naming the argument and the expected form.
   */
  parse(args: unknown): JsonObject;
};
