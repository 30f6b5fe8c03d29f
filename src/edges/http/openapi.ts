/** `/openapi.json`: what the route table says of itself. @module */
import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { errorAnswer } from "../../wire/answers.ts";
import type { Needs, Route } from "./route.ts";

export function openApi(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "vambrace",
      version,
      description: "Every operation names the permission that a token needs for it in `x-permission`.",
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Error: schemaOf(errorAnswer) },
    },
  };
}

function operation(route: Route): JsonObject {
  const error = (description: string): JsonObject => ({
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
  });
  const refusals: JsonObject =
    route.needs.kind === "public" ? {} : { 401: error("not logged in"), 403: error("the token may not") };
  return {
    summary: route.says,
    ...permission(route.needs),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schemaOf(route.body) } } } }),
    responses: { 200: { description: "done" }, ...refusals, default: error("refused or failed") },
  };
}

function permission(needs: Needs): JsonObject {
  if (needs.kind === "public") return { security: [], "x-permission": null, "x-because": needs.because };
  const security = [{ token: [] }];
  if (needs.kind === "caller") return { security, "x-permission": null, "x-because": needs.because };
  return { security, "x-permission": needs.permission };
}

function pathParameters(route: Route): readonly JsonObject[] {
  return [...route.path.matchAll(/:([a-z]+)/g)].map((match) => ({
    name: match[1],
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(route: Route): readonly JsonObject[] {
  if (route.query === undefined) return [];
  const properties = z.record(z.string(), z.json()).parse(schemaOf(route.query)["properties"]);
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
}

function schemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(rest)));
}
