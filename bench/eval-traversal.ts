/**
 * Path traversal against the real sandbox: what `check path` denies would not
 * get this far, but the wall behind it has to hold by itself.
 *
 * @module
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { missing as noSandbox, startBroker } from "../test/sandbox-kit.ts";
import type { Row } from "./eval-commands.ts";
import { of, row } from "./eval-sessions.ts";

const MARK = "CANARY-TRAVERSAL-91c7";
const OPERATIONS = fileURLToPath(new URL("../src/edges/broker/inside/files-ops.mjs", import.meta.url));
const INSIDE = fileURLToPath(new URL("eval-traversal-inside.mjs", import.meta.url));

type Report = {
  readonly counts: { readonly tried: number; readonly read: number; readonly written: number; readonly inside: number };
  readonly canaries: number;
  readonly first: readonly string[];
};

/** The strings of the evaluation data; none where it is absent. */
export function payloadsOf(folder: string): readonly string[] {
  const file = join(folder, "path-traversal/payloads.jsonl");
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line): string => JSON.parse(line).payload);
}

/** Each string through the file tools' own operations, and opened plainly, in one sandbox that mounts the workspace. */
export async function evalTraversal(payloads: readonly string[]): Promise<readonly Row[]> {
  const without = noSandbox();
  if (without !== false) return [row("path traversal in the sandbox", `skipped: ${without}`)];
  const kit = await startBroker();
  const root = dirname(kit.workspace);
  try {
    const canaries = plant(root, kit.workspace);
    const before = shapeOf(root);
    const report = await tryAll(kit, payloads);
    const isUntouched = shapeOf(root) === before && canaries.every((file) => fs.readFileSync(file, "utf8") === MARK);
    const { tried, read, written } = report.counts;
    return [
      row(
        "path traversal in the sandbox: a canary outside was opened",
        of(report.canaries, tried),
        report.canaries === 0,
        "0",
      ),
      row("path traversal in the sandbox: anything outside was changed", isUntouched ? "no" : "yes", isUntouched, "no"),
      row(
        "path traversal in the sandbox: read, and written, inside",
        `${read} and ${written} of ${tried}`,
        written > 0,
      ),
    ];
  } finally {
    await kit.close();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** Canaries where traversal leads: beside, above, and where links of the workspace point. */
function plant(root: string, workspace: string): readonly string[] {
  fs.mkdirSync(join(workspace, "notes"));
  fs.writeFileSync(join(workspace, "notes/file"), "inside\n");
  const links = { up: "..", root: "/", inner: "notes", beside: "../outside.txt" };
  for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, join(workspace, name));
  const names = [
    "outside.txt",
    "etc/passwd",
    "etc/shadow",
    "windows/win.ini",
    "boot.ini",
    ".ssh/id_rsa",
    "WINDOWS/win.ini",
  ];
  return names.map((name) => {
    const path = join(root, name);
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, MARK);
    return path;
  });
}

/** Every name outside the workspace and the broker's own folder; no link is followed. */
function shapeOf(folder: string, isRoot = true): string {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries
    .filter(({ name }) => !isRoot || !["workspace", "state"].includes(name))
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? `${path}\n${shapeOf(path, false)}` : path;
    })
    .toSorted()
    .join("\n");
}

async function tryAll(kit: Awaited<ReturnType<typeof startBroker>>, payloads: readonly string[]): Promise<Report> {
  const node = fs.realpathSync(process.execPath);
  const shown = [dirname(OPERATIONS), dirname(INSIDE), dirname(node)].filter((path) => !path.startsWith("/usr/"));
  const { end, stdout, stderr } = await kit.run({
    argv: [node, INSIDE, OPERATIONS, kit.workspace, MARK],
    mounts: [{ path: kit.workspace, access: "write" }, ...shown.map((path) => ({ path, access: "read" }) as const)],
    stdin: JSON.stringify(payloads),
    wallMs: 300_000,
    memoryBytes: 1024 * 1024 * 1024,
  });
  if (end.how !== "exit" || end.status !== 0)
    throw new Error(`${JSON.stringify(end)} ${Buffer.from(stderr).toString("utf8").slice(0, 500)}`);
  const report: Report = JSON.parse(Buffer.from(stdout).toString("utf8"));
  return report;
}
