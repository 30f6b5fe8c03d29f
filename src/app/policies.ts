/** The operator's policy files. @module */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { PolicyFile } from "../steps/judge/policy/vet.ts";
import { readPlainText } from "./plain-file.ts";

/** Every `*.cedar` of the operator, by name; a folder that is not there has none. */
export function readPolicies(folder: string): readonly PolicyFile[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".cedar"));
    return names.sort().map((name) => ({ name, text: readPlainText(join(folder, name)) }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
