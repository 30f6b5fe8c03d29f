/** What is wrong with files and is mended by `harden`: how each comes about on a real disk. */
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gatherFiles, gatherState } from "../src/app/audit/gather-files.ts";
import { gatherWorkspace, USUAL } from "../src/app/audit/gather-workspace.ts";
import { homeAt } from "../src/app/home.ts";
import { parseAgentId } from "../src/core/ids.ts";
import type { Installation } from "../src/ops/audit/installation.ts";
import { known } from "../src/ops/audit/known.ts";
import { but, configParts, good, type homeWith } from "./audit-kit.ts";

export type At = ReturnType<typeof homeWith>;
type Spoil = (at: At) => { readonly path: string; readonly mode: number | "away" };

const OLD = new Date(Date.now() - 2 * 86_400_000);

function made(path: string, mode: number): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, "x");
  chmodSync(path, mode);
  utimesSync(path, OLD, OLD);
  return path;
}

function opened(path: string, mode: number): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, mode);
  return path;
}

const workspaceOf = ({ userHome }: At): string => join(userHome, "vambrace");
const program = ({ userHome }: At): string => join(userHome, "program");
const node = ({ userHome }: At): string => join(userHome, "node");

/** What `harden` has to make of it: the mode afterwards, or that it is gone from there. */
export const SPOILED: Readonly<Record<string, Spoil>> = {
  "gateway.login.leftover": ({ home }) => ({ path: made(join(home, "login.txt"), 0o600), mode: "away" }),
  "files.state.writable": ({ home }) => ({ path: opened(home, 0o777), mode: 0o700 }),
  "files.state.readable": ({ home }) => ({ path: opened(home, 0o755), mode: 0o700 }),
  "files.state.entries": ({ home }) => ({ path: made(join(home, "x"), 0o644), mode: 0o600 }),
  "files.program.open": (at) => ({ path: made(join(program(at), "src", "x.ts"), 0o666), mode: 0o644 }),
  "files.node.open": (at) => ({ path: made(node(at), 0o777), mode: 0o755 }),
  "files.home.open": ({ userHome }) => ({ path: opened(userHome, 0o777), mode: 0o755 }),
  "files.startup.open": ({ userHome }) => ({ path: made(join(userHome, ".bashrc"), 0o666), mode: 0o644 }),
  "files.drafts.leftover": ({ home }) => ({ path: made(join(home, "a.draft"), 0o600), mode: "away" }),
  "workspace.writable": (at) => ({ path: opened(workspaceOf(at), 0o777), mode: 0o755 }),
  "workspace.set-uid": (at) => ({ path: made(join(workspaceOf(at), "x"), 0o4755), mode: 0o755 }),
  "secrets.keys.open": ({ userHome }) => {
    const path = made(join(userHome, ".ssh", "work"), 0o600);
    writeFileSync(path, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    chmodSync(path, 0o644);
    return { path, mode: 0o600 };
  },
};

/** As it lies on the disk now. */
export function onDisk(at: At): Installation {
  const uid = process.getuid?.() ?? -1;
  const home = homeAt(at.home);
  const files = gatherFiles({
    home,
    userHome: at.userHome,
    installation: program(at),
    nowMs: Date.now(),
    isDeep: false,
    allowed: [],
    workspaces: [],
    node: node(at),
    programFolders: [],
  });
  const { facts } = gatherWorkspace({ id: parseAgentId("main"), workspace: workspaceOf(at) }, USUAL);
  return {
    ...but(good(configParts(at)), "host", () => ({ uid })),
    state: known(gatherState(home)),
    files: known(files),
    workspaces: known([facts]),
  };
}
