/**
 * How a tool is written down: one zod object for its arguments, its effect and
 * the role of each argument. Everything else follows from that.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import type { ArgumentRole, Effect, ReturnLabel, Tool } from "../core/tool.ts";

export type ToolSpec<Shape extends z.ZodRawShape> = {
  readonly name: string;
  readonly effect: Effect;
  readonly description: string;
  readonly groups: readonly string[];
  readonly arguments: Shape;
  /** Every argument has to be named: a role that nobody thought about is not `plain`. */
  readonly roles: { readonly [K in keyof Shape]: ArgumentRole };
  readonly returns: ReturnLabel;
  readonly method?: "POST";
};

export function defineTool<Shape extends z.ZodRawShape>(spec: ToolSpec<Shape>): Tool {
  const schema = z.strictObject(spec.arguments);
  return {
    declaration: {
      name: spec.name,
      effect: spec.effect,
      roles: new Map(Object.entries(spec.roles)),
      returns: spec.returns,
      directory: false,
      ...(spec.method === undefined ? {} : { method: spec.method }),
    },
    description: spec.description,
    groups: spec.groups,
    parameters: toParameters(schema),
    parse: (args) => parseArguments(spec.name, schema, args),
  };
}

function toParameters(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  const plain: unknown = JSON.parse(JSON.stringify(rest));
  return isObject(plain) ? plain : {};
}

function parseArguments(tool: string, schema: z.ZodType, args: unknown): JsonObject {
  const result = schema.safeParse(args);
  if (!result.success) {
    const first = result.error.issues[0];
    const where = first === undefined || first.path.length === 0 ? "its arguments" : `\`${first.path.join(".")}\``;
    throw new Fault("TOOL_ARGUMENTS_MALFORMED", {
      message: `${tool}: ${where}: ${first?.message ?? "not understood"}`,
      hint: `the arguments of ${tool} are ${describe(schema)}`,
    });
  }
  if (!isObject(result.data))
    throw new Fault("INTERNAL", { message: `${tool} parsed to no object`, hint: "report this" });
  return result.data;
}

function describe(schema: z.ZodType): string {
  const properties = toParameters(schema)["properties"];
  return isObject(properties) ? Object.keys(properties).join(", ") : "none";
}
