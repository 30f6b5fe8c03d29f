/**
 * A self-test from the wire, strictly: what the catalogue does not know is
 * none, and there is no place in it for a program or a path.
 *
 * @module
 */
import { attemptOf } from "../../core/break-out/catalogue.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { SelfTest } from "../../core/self-test.ts";

const MARK = /^[a-z0-9]{1,24}$/;
const STAGE = /^stage-[0-9]{1,9}$/;

/** Strictly: an id that the catalogue does not know, or a key too many, is no self-test. */
export function parseSelfTest(value: JsonValue | undefined): SelfTest | null {
  if (!isObject(value)) return null;
  const keys = Object.keys(value).sort().join();
  if (value["do"] === "stage" && keys === "decoys,do") {
    const { decoys } = value;
    return typeof decoys === "boolean" ? { do: "stage", decoys } : null;
  }
  return value["do"] === "try" && keys === "attempts,do,mark,part,stage" ? parseTry(value) : null;
}

function parseTry({ stage, part, mark, attempts: ids }: JsonObject): SelfTest | null {
  const attempts = parseIds(ids);
  if (attempts === null || (part !== "script" && part !== "after")) return null;
  if (typeof stage !== "string" || !STAGE.test(stage)) return null;
  if (typeof mark !== "string" || !MARK.test(mark)) return null;
  return { do: "try", stage, attempts, part, mark };
}

function parseIds(value: JsonValue | undefined): [string, ...string[]] | null {
  if (!isArray(value)) return null;
  const ids = value.filter((id) => typeof id === "string" && attemptOf(id) !== undefined).map(String);
  const [first, ...rest] = ids;
  return first === undefined || ids.length !== value.length ? null : [first, ...rest];
}
