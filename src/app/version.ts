/** Which version of the program this is. @module */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { INSTALLATION } from "./home.ts";

export function packageVersion(): string {
  const text: unknown = JSON.parse(readFileSync(join(INSTALLATION, "package.json"), "utf8"));
  return typeof text === "object" && text !== null && "version" in text ? String(text.version) : "unknown";
}
