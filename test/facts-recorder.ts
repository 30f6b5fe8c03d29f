/**
 * Runs commands under real bash where every program is a recorder, to see what
 * bash starts: offline, in a sandbox of its own, on nothing but a tmpfs.
 *
 * A recorder notes its name and goes on as the real program where that is one
 * that passes commands or text on (`env`, `xargs`, `find`, `sh`, …), so that
 * what those start is seen too.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Programs that really run: they start others, or make the text that others are started from. */
const REAL =
  "env xargs timeout nice nohup setsid stdbuf find sh bash dash sed awk mawk cat head tail tr sort uniq seq basename dirname printf echo true false date wc cut tee tar";
/** Programs that are only recorded. */
const RECORDED =
  "ls rm mv cp id git grep chmod touch mkdir foo bar baz one two three curl wget python3 perl make diff ps kill ssh du df stat file sleep expr test ln rmdir less more gzip gunzip zip unzip md5sum who which uname hostname whoami pwd nl rev tac paste join comm fold column split rsync scp";

const RECORDER = `#!/inner/bash
printf '%s\\n' "\${0##*/}" >> "$RECORD"
[[ -x /inner/real/\${0##*/} ]] && exec -a "\${0##*/}" "/inner/real/\${0##*/}" "$@"
exit 0
`;

const DRIVER = `
n=0
while [[ -e /cases/$n ]]; do
  mkdir -p /w/$n/sub && cd /w/$n && : > a.txt > b.txt > sub/c.txt
  RECORD=/log/$n HOME=/w PATH=/usr/bin LANG=C /inner/real/timeout -s KILL 2 /inner/bash -c "$(< /cases/$n)" < /dev/null > /dev/null 2>&1
  n=$((n+1))
done
`;

export const SANDBOX_HOME = "/w";

/** @returns null where there is no bubblewrap, or it may not be used. */
export function recordPrograms(commands: readonly string[]): readonly (readonly string[])[] | null {
  const root = mkdtempSync(join(tmpdir(), "vambrace-recorder-"));
  try {
    prepare(root, commands);
    const run = spawnSync("bwrap", sandbox(root), { timeout: 30_000 + commands.length * 3000, encoding: "utf8" });
    if (run.error !== undefined || run.status !== 0) return null;
    return commands.map((_, i) => readLog(join(root, "log", String(i))));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function readLog(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return [...new Set(lines.filter((line) => line !== ""))];
}

function prepare(root: string, commands: readonly string[]): void {
  for (const folder of ["bin", "cases", "log", "w"]) mkdirSync(join(root, folder));
  const recorder = join(root, "bin", ".recorder");
  writeFileSync(recorder, RECORDER);
  chmodSync(recorder, 0o755);
  for (const name of new Set([...REAL.split(" "), ...RECORDED.split(" ")]))
    symlinkSync(".recorder", join(root, "bin", name));
  for (const [i, command] of commands.entries()) writeFileSync(join(root, "cases", String(i)), command);
  writeFileSync(join(root, "driver"), DRIVER);
}

function sandbox(root: string): string[] {
  const system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"].filter((path) => existsSync(path));
  const real = REAL.split(" ").filter((name) => existsSync(`/usr/bin/${name}`));
  return [
    "--unshare-all",
    "--die-with-parent",
    "--tmpfs",
    "/",
    ...system.flatMap((path) => ["--ro-bind", path, path]),
    "--ro-bind",
    "/usr/bin/bash",
    "/inner/bash",
    "--ro-bind",
    "/usr/bin/mkdir",
    "/inner/mkdir",
    ...real.flatMap((name) => ["--ro-bind", `/usr/bin/${name}`, `/inner/real/${name}`]),
    "--ro-bind",
    join(root, "bin"),
    "/usr/bin",
    "--symlink",
    "usr/bin",
    "/bin",
    "--ro-bind",
    join(root, "cases"),
    "/cases",
    "--ro-bind",
    join(root, "driver"),
    "/driver",
    "--bind",
    join(root, "log"),
    "/log",
    "--tmpfs",
    "/w",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--tmpfs",
    "/tmp",
    "--clearenv",
    "--setenv",
    "PATH",
    "/inner:/inner/real",
    "--",
    "/inner/bash",
    "/driver",
  ];
}

export function recorderNames(): ReadonlySet<string> {
  return new Set([...REAL.split(" "), ...RECORDED.split(" ")]);
}
