/**
 * What lies in a folder, byte by byte, also while a gateway works in it.
 *
 * @module
 */
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Every file below a folder with its bytes. What went away between the listing
 * and the reading was no longer there to be found; the folder itself must be.
 */
export function filesBelow(folder: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  const waiting: Dirent[] = readdirSync(folder, { withFileTypes: true });
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) waiting.push(...(there(() => readdirSync(path, { withFileTypes: true })) ?? []));
    const bytes = entry.isFile() ? there(() => readFileSync(path)) : undefined;
    if (bytes !== undefined) files.set(path, bytes);
  }
  return files;
}

function there<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
