/** `vambrace secrets import`: secrets that lie in files or variables, into the vault. @module */
import { plural } from "../../core/plural.ts";
import { readFileSync } from "node:fs";
import { changeVault } from "../../app/secrets/changes.ts";
import { type Brought, type Found, fromText } from "../../app/secrets/import.ts";
import { Fault } from "../../core/fault.ts";
import { checkValue, type Change, set } from "../../edges/vault/content.ts";
import { openVault } from "../../edges/vault/vault.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "../command.ts";
import { existing } from "../judging.ts";
import { printable } from "../style.ts";
import { readStdin } from "../typed.ts";
import { secretGround, type SecretGround, tellGateway } from "./ground.ts";
import { bringVault } from "./init.ts";
import { join } from "node:path";
import { VAULT_NAME } from "../../app/secrets/sources.ts";
import { isVaultName } from "../../core/secret-ref.ts";

export const secretsImport: Command = {
  name: "secrets import",
  words: 1,
  summary: "bring secrets from a .env file, a JSON file such as OpenClaw's, or variables into the vault",
  usage:
    "vambrace secrets import FILE|- | --env VARIABLE[,…] [--prefix TEXT] [--only NAME,…] [--replace] [--owner P] [--dry-run] [--why TEXT]",
  example: "vambrace secrets import ~/old-bot/.env --dry-run",
  options: {
    env: { type: "string" },
    prefix: { type: "string" },
    only: { type: "string" },
    owner: { type: "string" },
    replace: { type: "boolean", default: false },
    "dry-run": { type: "boolean", default: false },
    why: { type: "string" },
  },
  help: {
    env: "variables of this terminal's environment, by name",
    prefix: "before each name in the vault: `old.`",
    only: "these alone, by the names that they get",
    owner: "who is asked to replace them when they are old; you unless said",
    replace: "give secrets that are in the vault already the new value",
    "dry-run": "say what would be brought in, and keep nothing",
    why: "kept in the ledger with the change",
  },
  async run(args, flags, io) {
    const { found, left } = wanted(flags, await read(args, flags, io));
    for (const line of left) io.err(`left: ${printable(line)}`);
    if (found.length === 0) {
      io.err("nothing in it looks like a secret");
      return 1;
    }
    if (flagOn(flags, "dry-run")) {
      for (const { name, from } of found) io.out(`${name}\t${printable(from)}`);
      io.err(`would keep ${plural(found.length, "secret")}; nothing was kept`);
      return 0;
    }
    const ground = secretGround(io, flags);
    await bringVault(io, ground);
    await keepFound(io, flags, ground, found);
    await tellGateway(io);
    io.err("now take them out of where they were: what lies in a file in clear is not kept by anybody");
    return 0;
  },
};

async function read(args: readonly string[], flags: Flags, io: Io): Promise<Brought> {
  const variables = flagText(flags, "env");
  const [file, ...more] = args;
  if ((file === undefined) === (variables === undefined) || more.length > 0)
    throw usage("name one file, or - for standard input, or --env VARIABLE");
  if (variables !== undefined) return fromVariables(variables, io);
  const text = file === "-" ? await readStdin(io.stdin) : readFileSync(existing(file ?? "", "file"), "utf8");
  return fromText(text);
}

function fromVariables(names: string, io: Io): Brought {
  const found = names.split(",").map((name): Found => {
    const value = io.env.variable(name.trim());
    if (value !== undefined) return { name: name.trim().toLowerCase(), from: name.trim(), value };
    throw new Fault("SECRET_UNKNOWN", {
      message: `the variable \`${name.trim().slice(0, 128)}\` is not set here`,
      hint: "run it where the variable is set",
    });
  });
  return { found, left: [] };
}

function wanted(flags: Flags, { found, left }: Brought): Brought {
  const prefix = flagText(flags, "prefix") ?? "";
  const only = flagText(flags, "only")
    ?.split(",")
    .map((name) => name.trim());
  const named = found.map((one) => ({ ...one, name: `${prefix}${one.name}` }));
  const bad = named.find(({ name }) => !isVaultName(name));
  if (bad !== undefined) throw usage(`not a name that the vault takes: \`${bad.name.slice(0, 80)}\``);
  return { found: named.filter(({ name }) => only === undefined || only.includes(name)), left };
}

/** Into the vault; what is there already keeps its value unless `--replace` is said. */
export async function keepFound(
  io: Io,
  flags: Flags,
  { home, key, parts }: SecretGround,
  found: readonly Found[],
): Promise<void> {
  for (const { value } of found) checkValue(value);
  const opened = await key();
  const { secrets } = await openVault(join(home, VAULT_NAME), opened);
  const isNew = ({ name }: Found): boolean => flagOn(flags, "replace") || !Object.hasOwn(secrets, name);
  for (const { name } of found.filter((one) => !isNew(one)))
    io.err(`there already: vault:${name} (--replace gives it the new value)`);
  const taken = found.filter(isNew);
  if (taken.length === 0) return;
  const change: Change = (content, nowMs) =>
    taken.reduce((now, { name, value }) => set(name, value)(now, nowMs), content);
  const owner = flagText(flags, "owner") ?? parts.who;
  await changeVault(parts, opened, { what: "secret.imported", names: taken.map(({ name }) => name), change, owner });
  for (const { name, from } of taken) io.out(`vault:${name}\t${printable(from)}`);
  io.err(`kept ${plural(taken.length, "secret")} in the vault`);
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${secretsImport.usage}` });
}
