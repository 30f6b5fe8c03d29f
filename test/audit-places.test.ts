/** Bad homes and workspaces as people really have them, and honest ones that look alike. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { historyOf } from "../src/app/audit/git-objects.ts";
import { gatherFiles } from "../src/app/audit/gather-files.ts";
import { gatherHomeSecrets, gatherLogSecrets, gatherWorkspace, USUAL } from "../src/app/audit/gather-workspace.ts";
import { groupAlone } from "../src/app/audit/paths.ts";
import { COMMAND_PATH } from "../src/core/command-environment.ts";
import { homeAt } from "../src/app/home.ts";
import { parseAgentId } from "../src/core/ids.ts";
import { CATALOGUE } from "../src/ops/audit/catalogue.ts";
import { known } from "../src/ops/audit/known.ts";
import { runChecks } from "../src/ops/audit/run.ts";
import { but, configParts, good, homeWith, listener } from "./audit-kit.ts";

const KEY = `sk-ant-api03-${"aB3".repeat(31)}AA`;
type T = { after(body: () => void): void };

function placeOf(t: T) {
  const root = mkdtempSync(join(tmpdir(), "vambrace-places-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (name: string, text: string | Buffer, mode = 0o600): string => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const link = (to: string, name: string): void => symlinkSync(join(root, to), join(root, name));
  return { root, write, link };
}

const TYPED = [
  ".bash_history",
  ".zsh_history",
  ".histfile",
  ".zhistory",
  ".ash_history",
  ".rediscli_history",
  ".config/zsh/.zsh_history",
  ".local/state/bash/history",
  ".local/share/fish/fish_history",
  ".local/share/fish/work_history",
  ".config/nushell/history.txt",
];
const AT_LOGIN = [
  ".bashrc",
  ".bash_aliases",
  ".zlogin",
  ".env",
  ".env.local",
  ".envrc",
  ".config/zsh/.zshrc",
  ".config/fish/conf.d/keys.fish",
  ".config/environment.d/keys.conf",
  ".config/systemd/user/agent.service",
];

for (const [names, where] of [
  [TYPED, "shell history"],
  [AT_LOGIN, "start-up file"],
] as const) {
  for (const name of names) {
    test(`R-AUDIT-1: a secret in ~/${name} is found, also behind a link`, (t) => {
      const { root, write, link } = placeOf(t);
      const path = write(name, "one line\n");
      assert.deepEqual(gatherHomeSecrets(root), [], "the twin");
      write(name, `one line\n: 1700000000:0;export ANTHROPIC_API_KEY=${KEY}\n`);
      const seen = gatherHomeSecrets(root);
      assert.deepEqual(
        seen.map((one) => [one.where, one.path, one.line]),
        [[where, path, 2]],
      );
      assert.ok(!JSON.stringify(seen).includes("aB3aB3"), "the secret itself is in what was gathered");
      rmSync(path);
      write("kept/x", `X=${KEY}\n`);
      link("kept/x", name);
      assert.deepEqual(
        gatherHomeSecrets(root).map((one) => [one.where, one.path]),
        [[where, path]],
      );
    });
  }
}

test("R-AUDIT-1: the end of a history or log is read however large it is, and a history is looked for where HISTFILE says", (t) => {
  const { root, write } = placeOf(t);
  const history = write(".bash_history", "");
  write("logs/gateway.log", "");
  for (const path of [history, join(root, "logs/gateway.log")]) {
    truncateSync(path, 80 * 1_048_576);
    appendFileSync(path, `\nX=${KEY}\n`);
  }
  assert.deepEqual(
    gatherHomeSecrets(root).map(({ line }) => line),
    [0],
  );
  assert.equal(gatherLogSecrets(join(root, "logs"), ["gateway.log"]).length, 1);
  rmSync(history);
  write(".zshrc", 'export HISTFILE="$HOME/elsewhere/typed" # mine\n');
  const typed = write("elsewhere/typed", `X=${KEY}\n`);
  assert.deepEqual(
    gatherHomeSecrets(root).map(({ path }) => path),
    [typed],
  );
});

const LOGIN = Buffer.from("ana:geheim123").toString("base64");
const LOGINS: readonly (readonly [name: string, holds: string, twin: string])[] = [
  [
    ".npmrc",
    `//registry.example.org/:_authToken=npm_${"a1B2".repeat(9)}\n`,
    "save-exact=true\n_authToken=${NPM_TOKEN}\n",
  ],
  [".docker/config.json", `{"auths":{"h":{"auth":"${LOGIN}"}}}`, '{"credsStore":"secretservice","auths":{"h":{}}}'],
  [".pypirc", "[pypi]\nusername = __token__\npassword = pypi-AgEIcHlwaS5vcmc\n", "[distutils]\nindex-servers = pypi\n"],
  [".config/gh/hosts.yml", "github.com:\n  oauth_token: gho_abc\n", "github.com:\n  user: ana\n"],
  [".aws/credentials", "[default]\naws_secret_access_key = x\n", "[default]\ncredential_process = x\n"],
  [".pgpass", "h:5432:db:ana:geheim\n", "# h:5432:db:ana:geheim\n"],
];

for (const [name, holds, twin] of LOGINS) {
  test(`R-AUDIT-1: a login in ~/${name} is found, and worse where others can read it; one without is not`, (t) => {
    const { root, write } = placeOf(t);
    write(name, twin, 0o644);
    assert.deepEqual([gatherHomeSecrets(root), keysOpen(root)], [[], []], "the twin");
    const path = write(name, holds);
    assert.deepEqual(
      gatherHomeSecrets(root).map((one) => [one.where, one.path]),
      [["login of a tool", path]],
    );
    assert.deepEqual(keysOpen(root), []);
    chmodSync(path, 0o640);
    assert.deepEqual(keysOpen(root), [path]);
  });
}

const filesOf = (root: string, allowed: readonly string[] = []) =>
  gatherFiles({
    home: homeAt(join(root, ".vambrace")),
    userHome: root,
    installation: join(root, "program"),
    nowMs: Date.now(),
    isDeep: false,
    allowed,
    workspaces: [join(root, "vambrace")],
    node: process.execPath,
    programFolders: COMMAND_PATH,
  });
const keysOpen = (root: string) => filesOf(root).openKeys.map(({ path }) => path);

test("R-AUDIT-1: a private key is known by what it is, whatever its name; a public one may be read", (t) => {
  const { root, write } = placeOf(t);
  write(".ssh/id_ed25519.pub", "ssh-ed25519 AAAA ana\n", 0o644);
  write(".ssh/known_hosts", "h ssh-ed25519 AAAA\n", 0o644);
  assert.deepEqual(keysOpen(root), []);
  const key = write(".ssh/work", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", 0o644);
  assert.deepEqual(keysOpen(root), [key]);
});

test("R-AUDIT-1: what runs at a login is open where its folder, or what it is linked to, is", (t) => {
  const { root, write, link } = placeOf(t);
  const started = () => filesOf(root).openStartup.map(({ path }) => path.slice(root.length + 1));
  write(".ssh/authorized_keys", "");
  write(".config/fish/config.fish", "");
  write("kept/bashrc", "");
  link("kept/bashrc", ".bashrc");
  assert.deepEqual(started(), [], "the twin");
  chmodSync(join(root, ".ssh"), 0o777);
  chmodSync(join(root, ".config", "fish"), 0o777);
  chmodSync(join(root, "kept/bashrc"), 0o666);
  assert.deepEqual(started().toSorted(), [".config/fish", ".ssh", "kept/bashrc"]);
});

test("R-AUDIT-1: an allowed program is where its links lead: the system's own is fine, one below an open folder is not", (t) => {
  const { root, write, link } = placeOf(t);
  const ids = (...allowed: string[]) =>
    runChecks(
      { ...good(configParts(homeWith(t, ""))), files: known(filesOf(root, allowed)) },
      CATALOGUE,
    ).findings.flatMap(({ id, places }) => (id === "exec.program.writable" ? places : []));
  for (const name of ["awk", "which", "sh", "cat", "/bin/ls"]) assert.deepEqual(ids(name), [], name);
  const tool = write("tools/inner/mine", "", 0o755);
  chmodSync(join(root, "tools"), 0o777);
  link("tools/inner/mine", "mine");
  assert.match(ids(join(root, "mine"))[0] ?? "", new RegExp(`${tool}, below ${join(root, "tools")}$`));
  const inside = write("vambrace/run", "", 0o755);
  rmSync(join(root, "mine"));
  link("vambrace/run", "mine");
  assert.match(ids(join(root, "mine"))[0] ?? "", new RegExp(`in the workspace: ${inside}$`));
});

test("R-AUDIT-1: folders above the program and above Node count as the program", (t) => {
  const { root } = placeOf(t);
  mkdirSync(join(root, "opt", "program"), { recursive: true });
  const open = () => filesOf(join(root, "opt")).installationOpen.map(({ path }) => path);
  assert.deepEqual(open(), []);
  chmodSync(join(root, "opt"), 0o777);
  assert.deepEqual(open(), [join(root, "opt")]);
});

test("R-AUDIT-1: a group that is one person's own is no other people, and any other is", () => {
  const users = "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n";
  assert.equal(groupAlone(users, "ana:x:1000:\n", 1000), 1000);
  assert.equal(groupAlone(users, "ana:x:1000:ana\n", 1000), 1000);
  assert.equal(groupAlone(users, "ana:x:1000:bob\n", 1000), null);
  assert.equal(groupAlone(`${users}eve:x:1002:1000::/:/bin/sh\n`, "ana:x:1000:\n", 1000), null);
  assert.equal(groupAlone(users, "", 1000), null);
  assert.equal(groupAlone("", "ana:x:1000:\n", 1000), null);
});

function git(cwd: string, ...args: readonly string[]): void {
  const env = { PATH: "/usr/bin:/bin", HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const { status, stderr } = spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], { cwd, env });
  assert.equal(status, 0, String(stderr));
}

const look = (workspace: string) => gatherWorkspace({ id: parseAgentId("main"), workspace }, USUAL);

for (const form of ["loose", "packed"] as const) {
  test(`R-AUDIT-1: a secret that was committed once and taken out is found in git's ${form} objects; one that never was is not`, (t) => {
    const { root, write } = placeOf(t);
    const folder = join(root, "w", "project");
    const lines = "a line like the others\n".repeat(300);
    write("w/project/a.txt", `${lines}KEY=none\n`);
    git(folder, "init", "-q");
    git(folder, "add", "-A");
    git(folder, "commit", "-qm", "one");
    assert.deepEqual(look(join(root, "w")).secrets, [], "the twin");
    write("w/project/a.txt", `${lines}KEY=${KEY}\n`);
    git(folder, "commit", "-qam", "two");
    write("w/project/a.txt", `${lines}KEY=none\n${lines}`);
    git(folder, "commit", "-qam", "three");
    if (form === "packed") git(folder, "gc", "-q", "--aggressive", "--prune=now");
    const { secrets, facts } = look(join(root, "w"));
    assert.deepEqual(
      secrets.map(({ where, path }) => [where, path]),
      [["git history", folder]],
    );
    assert.equal(facts.truncated, false);
    const few = historyOf(join(folder, ".git", "objects"), { objects: 1, objectBytes: 1e6, packBytes: 1e6 });
    assert.equal(few.truncated, true, "what was left out is said");
  });
}

test("R-AUDIT-1: repositories below a workspace are looked into like the workspace, linked work trees too", (t) => {
  const { root, write } = placeOf(t);
  const folder = join(root, "w", "project");
  write("w/project/.env", `API_TOKEN=abc\n`);
  git(folder, "init", "-q");
  assert.deepEqual(look(join(root, "w")).facts.startup, [], "the twin");
  git(folder, "add", "-A");
  git(folder, "commit", "-qm", "one");
  git(folder, "worktree", "add", "-q", join(root, "w", "second"));
  write("w/project/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755);
  git(folder, "remote", "add", "o", "https://ana:geheim@git.example.org/x");
  git(folder, "config", "core.fsmonitor", "/tmp/x");
  git(folder, "config", "url.https://ana:geheim@h.example.org/.insteadOf", "https://h.example.org/");
  git(folder, "config", "http.extraheader", `AUTHORIZATION: basic ${LOGIN}`);
  git(folder, "config", "alias.st", "status");
  const { facts } = look(join(root, "w"));
  assert.ok(facts.credentialFiles.every(({ tracked }) => tracked) && facts.credentialFiles.length === 2);
  assert.ok(facts.startup.some((one) => one.endsWith("hooks/pre-commit")));
  assert.ok(facts.startup.some((one) => one.endsWith(": core.fsmonitor")));
  assert.ok(!facts.startup.some((one) => one.includes("alias.st")));
  assert.equal(new Set(facts.gitRemotesWithPassword).size, 3);
});

test("R-AUDIT-1: secrets in base64 and in wide letters are found in a workspace; digests and certificates are none", (t) => {
  const { root, write } = placeOf(t);
  write("w/lock.json", JSON.stringify({ integrity: `sha512-${Buffer.alloc(64, 7).toString("base64")}` }));
  write(
    "w/cert.pem",
    `-----BEGIN CERTIFICATE-----\n${Buffer.alloc(48, 9).toString("base64")}\n-----END CERTIFICATE-----\n`,
  );
  write("w/.env", "PORT=3000\nNODE_ENV=development\n");
  write("w/.npmrc", "save-exact=true\n");
  write("w/README.md", "Set API_KEY=<your key>, TOKEN=${TOKEN}; password: changeme\n");
  const honest = look(join(root, "w"));
  assert.deepEqual([honest.secrets, honest.facts.credentialFiles], [[], []], "the twin");
  write("w/a.yaml", `x: 1\nkey: ${Buffer.from(KEY).toString("base64")}\n`);
  write("w/b.txt", Buffer.from(`\ufeffKEY=${KEY}\n`, "utf16le"));
  const { secrets } = look(join(root, "w"));
  assert.deepEqual(secrets.map(({ path, line }) => `${path.slice(root.length + 3)} ${line}`).toSorted(), [
    "a.yaml 2",
    "b.txt 1",
  ]);
  write("w/long.txt", "x\n".repeat(200_000));
  assert.equal(look(join(root, "w")).facts.truncated, true, "a text that is too long to read is said");
});

test("R-AUDIT-1: what an editor left beside the configuration is a past version of it", (t) => {
  const at = homeWith(t, "");
  const past = () => {
    const { config } = configParts(at);
    return config.known ? config.value.pastSecrets.map(({ path }) => path.slice(at.home.length + 1)) : [];
  };
  for (const name of ["config.yaml~", "config.yaml.bak", ".config.yaml.swp", "#config.yaml#"])
    writeFileSync(join(at.home, name), "tools: {}\n");
  assert.deepEqual(past(), []);
  for (const name of ["config.yaml~", "config.yaml.bak", ".config.yaml.swp", "#config.yaml#"])
    writeFileSync(join(at.home, name), `key: ${KEY}\n`);
  assert.equal(past().length, 4);
});

const LISTED: readonly (readonly [check: string, ...entries: string[]])[] = [
  ["exec.allow.shell", "/bin/bash", "bash -c ls", "pwsh", "busybox"],
  [
    "exec.allow.interpreter",
    "python3.12",
    "perl5.36.0",
    "node22",
    "tsx",
    "python3 -c os.system",
    "node -e process.exit",
    "python3 -m http.server",
  ],
  ["exec.allow.privilege", "/usr/bin/sudo", "sudo-rs", "docker-compose", "podman"],
  ["exec.allow.network", "xh", "/usr/bin/curl"],
  [
    "exec.allow.builds",
    "npm",
    "npx some-server",
    "uvx x",
    "bunx x",
    "pip3.11",
    "npm install",
    "pip install x",
    "npm  exec x",
  ],
  [
    "exec.allow.runs-code",
    "git -c core.pager=x log",
    "git -C x -c core.pager=x log",
    "/usr/bin/git push",
    "git --exec-path=/x log",
    "tar --use-compress-program=x",
    "env bash",
    "find . -execdir x",
  ],
];
const HONEST = [
  "npm test",
  "npm run build",
  "pip --version",
  "git status",
  "git commit",
  "git commit -c HEAD",
  "git log",
  "node scripts/report.ts",
  "python3 tools/report.py",
  "cargo check",
  "go vet",
  "env",
  "awk",
  "xargs",
  "sed -e s/a/b/",
  "jq",
  "base64",
  "sha256sum",
  "7z",
];

const LISTENING: readonly (readonly [check: string | null, listener: Parameters<typeof listener>[0]])[] = [
  ["exposure.model-server", { port: 11_434, address: "0.0.0.0", program: "ollama" }],
  ["exposure.model-server", { port: 8_080, address: "::", program: "llama-server" }],
  ["exposure.model-server", { port: 1_234, address: "0.0.0.0", program: null }],
  [null, { port: 8_000, address: "0.0.0.0", program: "python3" }],
  [null, { port: 1_234, address: "0.0.0.0", program: "nginx" }],
  [null, { port: 11_434, address: "127.0.0.1", program: "ollama" }],
  ["exposure.other-agent", { port: 20_000, address: "0.0.0.0", program: "openclaw" }],
  [null, { port: 3_456, address: "0.0.0.0", program: "vite" }],
  ["exposure.database", { port: 5_433, address: "0.0.0.0", program: "postgres" }],
  ["exposure.debugger", { port: 9_229, address: "127.0.0.1", program: null }],
  ["exposure.debugger", { port: 9_230, address: "127.0.0.1", program: "MainThread" }],
  [null, { port: 9_237, address: "127.0.0.1", program: "unifi_exporter" }],
];

test("R-AUDIT-1: services of others are known by their port where it is theirs alone, else by their name", (t) => {
  const whole = good(configParts(homeWith(t, "")));
  for (const [check, one] of LISTENING) {
    const at = but(whole, "listeners", (all: object[]) => [...all, listener({ owner: null, ...one })]);
    const ids = runChecks(at, CATALOGUE).findings.map(({ id }) => id);
    assert.deepEqual(ids, check === null ? [] : [check], JSON.stringify(one));
  }
});

test("R-AUDIT-1: a path that means all is no path", (t) => {
  const ids = (path: string) =>
    runChecks(
      good(configParts(homeWith(t, `egress: {allow: [{host: webhook.site, methods: [POST], paths: ['${path}']}]}\n`))),
      CATALOGUE,
    ).findings.flatMap(({ id }) => (id.startsWith("egress.") ? [id] : []));
  assert.deepEqual(ids("/*"), ["egress.drops", "egress.writes"]);
  assert.deepEqual(ids("/mine"), []);
});

function allowed(t: T, entry: string): readonly string[] {
  const at = good(configParts(homeWith(t, `tools: {exec: {allow: [${JSON.stringify(entry)}]}}\n`)));
  return runChecks(at, CATALOGUE).findings.flatMap(({ id, severity }) => (severity === "info" ? [] : [id]));
}

test("R-AUDIT-2: entries that run anything are found in other spellings too: paths, versions, options, forms", (t) => {
  for (const [check, ...entries] of LISTED)
    for (const entry of entries)
      assert.ok(allowed(t, entry).includes(check), `${entry}: ${allowed(t, entry).join(" ")}`);
  for (const entry of HONEST) assert.deepEqual(allowed(t, entry), [], entry);
});
