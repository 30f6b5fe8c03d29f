/** The folders that agents work in, and secrets in them. @module */
import { join, relative } from "node:path";
import type { PathFacts, WorkspaceFacts } from "../../ops/audit/facts-files.ts";
import type { SecretPlace } from "../../ops/audit/facts-state.ts";
import type { AgentSettings } from "../config/settings.ts";
import { isWithin, realPath } from "../config/places.ts";
import { placesIn } from "./gather-config.ts";
import { activeHooks, objectsOf, remotesWithPassword, repositoriesIn, trackedFiles } from "./git.ts";
import { historyOf, type HistoryBounds } from "./git-objects.ts";
import { gitLoginFiles, histories, loginFiles, startupFiles } from "./home-places.ts";
import { lyingOf } from "./lying.ts";
import { bytesOf, headOf, linkOf, lookAt, statOf, tailOf, textOf, walk } from "./paths.ts";

/** What is fetched anew, and what git keeps: both are large, and neither is what a person wrote here. */
const SKIPPED: ReadonlySet<string> = new Set([
  "node_modules",
  ".git",
  ".venv",
  "venv",
  "target",
  "__pycache__",
  ".cache",
]);

const CREDENTIALS =
  /^(?:\.env(?:\.(?!example$|sample$|template$|dist$).*)?|\.netrc|\.git-credentials|\.pgpass|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|p12|pfx|jks|keystore|kdbx|ppk)|credentials\.json|service-account.*\.json|client_secret.*\.json|\.htpasswd|secrets?\.(?:ya?ml|json|toml)|\.npmrc|\.pypirc|wallet\.dat)$/i;
/** Names that are also given to what is no secret: then what stands in the file decides. */
const HOLDS: readonly (readonly [name: RegExp, holds: RegExp])[] = [
  [
    /^\.env/i,
    /^\s*(?:export\s+)?\w*(?:KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|DSN|AUTH)\w*\s*=\s*["']?[^\s"'#]|:\/\/[^/\s:@]*:[^/\s@]+@/im,
  ],
  [/\.pem$/i, /PRIVATE KEY/],
  [/^\.npmrc$/i, /_(?:auth|authToken|password)\s*=\s*(?!\$\{)\S/],
  [/^\.pypirc$/i, /^\s*password\s*[:=]\s*\S/m],
];

/** In whatever folder somebody works. */
const STARTUP =
  /\/(?:\.envrc|\.vscode\/tasks\.json|\.idea\/workspace\.xml|\.pre-commit-config\.yaml|\.husky|\.mise\.toml|mise\.toml|\.devcontainer)$/;
/** Where the folder is somebody's home. */
const STARTUP_AT_TOP: ReadonlySet<string> = new Set([".bashrc", ".profile", ".zshrc"]);

export type Form = {
  readonly entries: number;
  readonly files: number;
  readonly fileBytes: number;
  readonly allBytes: number;
  readonly history: HistoryBounds;
};

export const USUAL: Form = {
  entries: 5_000,
  files: 1_500,
  fileBytes: 256 * 1024,
  allBytes: 6 * 1_048_576,
  history: { objects: 2_000, objectBytes: 256 * 1024, packBytes: 16 * 1_048_576 },
};
export const DEEP: Form = {
  entries: 500_000,
  files: 200_000,
  fileBytes: 4 * 1_048_576,
  allBytes: 2_000 * 1_048_576,
  history: { objects: 5_000_000, objectBytes: 4 * 1_048_576, packBytes: 2_000 * 1_048_576 },
};

export type GatheredWorkspace = { readonly facts: WorkspaceFacts; readonly secrets: readonly SecretPlace[] };

export function gatherWorkspace({ id, workspace }: AgentSettings, form: Form): GatheredWorkspace {
  const me = process.getuid?.() ?? -1;
  const root = lookAt(workspace);
  const isFolder = statOf(realPath(workspace))?.isDirectory() === true;
  const { found, truncated } = isFolder
    ? walk(realPath(workspace), form.entries, (name) => SKIPPED.has(name))
    : { found: [], truncated: false };
  const real = realPath(workspace);
  const repositories = repositoriesIn(
    real,
    found.map(({ path }) => path),
  );
  const searched = searchSecrets(found, form);
  const past = repositories.map((path) => searchHistory(path, form));
  return {
    facts: {
      agent: id,
      path: workspace,
      root,
      lying: root === null ? null : lyingOf(workspace, me),
      linksOut: found.flatMap((one) => linkOut(one, real)),
      setUid: found.filter(({ kind, mode }) => kind === "file" && (mode & 0o6000) !== 0),
      hardLinks: found
        .filter(({ kind, path }) => kind === "file" && (statOf(path)?.nlink ?? 1) > 1)
        .map(({ path }) => path),
      startup: [
        ...repositories.flatMap(activeHooks),
        ...found
          .filter(({ path }) => STARTUP.test(path) || STARTUP_AT_TOP.has(relative(real, path)))
          .map(({ path }) => path),
      ],
      sockets: found
        .filter(({ kind, path }) => kind === "other" && statOf(path)?.isSocket() === true)
        .map(({ path }) => path),
      credentialFiles: trackedIn(repositories, found.filter(holdsCredentials)),
      gitRemotesWithPassword: repositories.flatMap(remotesWithPassword),
      seen: found.length,
      truncated: truncated || [searched, ...past].some((one) => one.truncated),
    },
    secrets: [searched, ...past].flatMap((one) => one.secrets),
  };
}

function holdsCredentials({ kind, path }: PathFacts): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (kind !== "file" || !CREDENTIALS.test(name)) return false;
  const [, holds] = HOLDS.find(([pattern]) => pattern.test(name)) ?? [];
  const text = holds === undefined ? undefined : textOf(path);
  return holds === undefined || text === undefined || holds.test(text);
}

function trackedIn(repositories: readonly string[], files: readonly PathFacts[]): WorkspaceFacts["credentialFiles"] {
  const tracked = new Set(repositories.flatMap((top) => [...(trackedFiles(top) ?? [])].map((name) => join(top, name))));
  return files.map(({ path }) => ({ path, tracked: tracked.has(path) }));
}

type Searched = { readonly secrets: readonly SecretPlace[]; readonly truncated: boolean };

/** What was committed once stays, whatever the file says today. */
function searchHistory(repository: string, { history }: Form): Searched {
  const { texts, truncated } = historyOf(objectsOf(repository), history);
  const secrets = texts.flatMap(({ object, text }) =>
    placesIn(text, { where: "git history", path: repository, open: false }).map(({ what, ...place }) => ({
      ...place,
      line: 0,
      what: `${what} in object ${object.slice(0, 12)}`,
    })),
  );
  return { secrets, truncated };
}

function linkOut({ kind, path }: PathFacts, root: string): readonly string[] {
  if (kind !== "link") return [];
  const target = realPath(path);
  return isWithin(target, root) ? [] : [`${path} -> ${linkOf(path) ?? "?"}`];
}

/** Newest first would need all of them; what is small and near the top is what people put secrets into. */
function searchSecrets(found: readonly PathFacts[], form: Form): Searched {
  const secrets: SecretPlace[] = [];
  let bytes = 0;
  let files = 0;
  let truncated = false;
  for (const { path, kind, mode } of found) {
    if (kind !== "file") continue;
    if (files >= form.files || bytes >= form.allBytes) return { secrets, truncated: true };
    if (isBinary(headOf(path, 1_024))) continue;
    const content = bytesOf(path, form.fileBytes);
    truncated ||= content === undefined;
    if (content === undefined) continue;
    files += 1;
    bytes += content.length;
    secrets.push(...placesAndEncoded(textIn(content), { where: "workspace", path, open: (mode & 0o044) !== 0 }));
  }
  return { secrets, truncated };
}

const isWide = (bytes: Buffer): boolean => bytes[0] === 0xff && bytes[1] === 0xfe;
const isBinary = (head: Buffer | undefined): boolean => head?.includes(0) === true && !isWide(head);
/** As other systems write text. */
const textIn = (bytes: Buffer): string => bytes.toString(isWide(bytes) ? "utf16le" : "utf8");

const ENCODED = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{32,4000}={0,2}/g;

/** What is encoded is read by whoever reads the file. */
function placesAndEncoded(text: string, of: Pick<SecretPlace, "where" | "path" | "open">): readonly SecretPlace[] {
  const encoded = [...text.matchAll(ENCODED)].flatMap(({ 0: found, index }) => {
    const inner = Buffer.from(found, "base64").toString("latin1");
    if (!/^[\t\n\r\x20-\x7e]+$/.test(inner)) return [];
    const line = text.slice(0, index).split("\n").length;
    return placesIn(inner, of).map(({ what, ...place }) => ({ ...place, line, what: `${what} in base64` }));
  });
  return [...placesIn(text, of), ...encoded];
}

const LAST_BYTES = 512 * 1024;

/** Secrets in the home folder: what was typed, what is set for every program, and logins of tools. */
export function gatherHomeSecrets(userHome: string): readonly SecretPlace[] {
  const from = (paths: readonly string[], where: SecretPlace["where"]): readonly SecretPlace[] =>
    paths.flatMap((path) => placesAtEnd(path, { where, path, open: isReadable(path) }));
  const clear = (paths: readonly string[], where: SecretPlace["where"]): readonly SecretPlace[] =>
    paths.map((path) => ({ where, path, line: 0, what: "logins in clear", open: isReadable(path) }));
  return [
    ...from(histories(userHome), "shell history"),
    ...from(startupFiles(userHome), "start-up file"),
    ...clear(gitLoginFiles(userHome), "git"),
    ...clear(loginFiles(userHome), "login of a tool"),
  ];
}

const isReadable = (path: string): boolean => ((lookAt(realPath(path))?.mode ?? 0) & 0o044) !== 0;

/** The newest part of each log. */
export function gatherLogSecrets(logs: string, names: readonly string[]): readonly SecretPlace[] {
  return names.flatMap((name) => {
    const path = join(logs, name);
    return placesAtEnd(path, { where: "log", path, open: false });
  });
}

/** Where not all of it was read, the line is not known. */
function placesAtEnd(path: string, of: Pick<SecretPlace, "where" | "path" | "open">): readonly SecretPlace[] {
  const end = tailOf(path, LAST_BYTES);
  const found = placesIn(end?.toString("utf8") ?? "", of);
  return end?.length === LAST_BYTES ? found.map((place) => ({ ...place, line: 0 })) : found;
}
