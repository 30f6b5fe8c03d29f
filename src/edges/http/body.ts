/**
 * Bodies: read once, up to a size, as strict JSON; only after the caller is
 * known and may.
 *
 * @module
 */
import type { z } from "zod";
import { Fault } from "../../core/fault.ts";

/** Deepest nesting that is parsed; zod and canonical JSON recurse. */
const DEEPEST = 64;
const ISSUES_SHOWN = 5;

/**
 * The body as what `schema` says.
 *
 * @throws Fault CONTENT_TYPE_UNSUPPORTED, BODY_TOO_LARGE, BODY_MALFORMED
 */
export async function readBody<T>(request: Request, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  checkType(request);
  const bytes = await readBytes(request, maxBytes);
  return parseWith(schema, bytes.length === 0 ? {} : parseJson(bytes), "body");
}

function checkType(request: Request): void {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  const type = request.headers.get("content-type");
  const isEmpty = request.body === null || request.headers.get("content-length") === "0";
  const isJson = type !== null && /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type);
  if (encoding.toLowerCase() === "identity" && (isJson || (type === null && isEmpty))) return;
  throw new Fault("CONTENT_TYPE_UNSUPPORTED", {
    message: "the body is not plain JSON",
    hint: "send `Content-Type: application/json`, in UTF-8, without a Content-Encoding",
    facts: { type, encoding },
  });
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let held = 0;
  try {
    for await (const chunk of request.body ?? []) {
      held += chunk.length;
      if (held > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : malformed("it ended too early", "send all of it", thrown);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): Fault {
  return new Fault("BODY_TOO_LARGE", {
    message: `the body is larger than ${maxBytes} bytes`,
    hint: "send less at once",
  });
}

/** @throws Fault BODY_MALFORMED for what is not UTF-8 JSON of a sensible depth. */
export function parseJson(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw malformed("it is not JSON in UTF-8", "check quotes, commas and brackets", cause);
  }
  checkShape(value);
  return value;
}

/**
 * A loop, because recursion would fall over at the depth that it looks for. A
 * `__proto__` member is refused here: zod leaves it out without a word.
 */
function checkShape(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw malformed(`it is nested deeper than ${DEEPEST}`, "send flatter data");
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === "string") checkText(value);
      if (typeof value !== "object" || value === null) continue;
      for (const key of Object.keys(value)) checkKey(key);
      next.push(...Object.values(value));
    }
    level = next;
  }
}

function checkKey(key: string): void {
  checkText(key);
  if (key === "__proto__") throw malformed("it has a key `__proto__`", "leave it out");
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw malformed("it has half of a surrogate pair", "send well-formed Unicode");
}

/** @throws Fault BODY_MALFORMED, naming each key that is wrong or unknown. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const said = result.error.issues.slice(0, ISSUES_SHOWN).map((issue) => {
    const where = issue.path.length === 0 ? "" : `\`${issue.path.join(".").slice(0, 100)}\`: `;
    return `${where}${issue.message.slice(0, 200)}`;
  });
  throw new Fault("BODY_MALFORMED", {
    message: `the ${what} is not understood: ${said.join("; ")}`,
    hint: "the forms of all requests are at /openapi.json",
  });
}

function malformed(why: string, hint: string, cause?: unknown): Fault {
  return new Fault("BODY_MALFORMED", { message: `the body is not understood: ${why}`, hint, cause });
}
