/** `vambrace secrets revoke`: a secret counts no longer, at once; also where the vault does not open. @module */
import { plural } from "../../core/plural.ts";
import { changeRegistry, changeVault, hasVault } from "../../app/secrets/changes.ts";
import { namedSecrets, SECRET_VARIABLES } from "../../app/config/secret-settings.ts";
import { readRegistry, revokeRow } from "../../app/secrets/registry.ts";
import { Fault } from "../../core/fault.ts";
import { parseSecretId, type SecretRef } from "../../core/secret-ref.ts";
import { remove } from "../../edges/vault/content.ts";
import { type Command, flagOn, type Io } from "../command.ts";
import { askLine } from "../typed.ts";
import { refOf, secretGround, type SecretGround, tellGateway } from "./ground.ts";

export const secretsRevoke: Command = {
  name: "secrets revoke",
  words: Number.POSITIVE_INFINITY,
  summary: "take a secret, or all of them, out of use at once; needs no key and no passphrase",
  usage: "vambrace secrets revoke NAME… | --all [--yes] [--why TEXT]",
  example: 'vambrace secrets revoke --all --yes --why "the laptop was stolen"',
  options: {
    all: { type: "boolean", default: false },
    yes: { type: "boolean", default: false },
    why: { type: "string" },
  },
  help: {
    all: "every secret: of the vault, the environment, sops files and HashiCorp Vault",
    yes: "with --all: do not ask first",
    why: "kept in the ledger with the change",
  },
  async run(names, flags, io) {
    const isAll = flagOn(flags, "all");
    if (isAll === names.length > 0) throw usage("name secrets, or say --all");
    const ground = secretGround(io, flags);
    const refs = isAll ? everything(ground) : names.map(refOf);
    if (!isAll) for (const ref of refs) needKnown(ground, ref);
    if (isAll && !(await isMeant(io, refs.length, flagOn(flags, "yes")))) return 3;
    const ids = refs.map(({ id }) => id);
    await changeRegistry(ground.parts, "secret.revoked", ids, (registry, nowMs) =>
      ids.reduce((known, id) => revokeRow(known, id, nowMs), registry),
    );
    await tellGateway(io);
    for (const { id } of refs) io.out(id);
    io.err(`revoked ${plural(ids.length, "secret")}: nothing here uses them any more`);
    await takeOut(io, ground, refs);
    io.err("end them at their services too: whoever has a copy can go on using it there");
    return 0;
  },
};

/** All that is named, noted or set: what nobody thought of is what hurts. */
function everything({ loaded, home, parts }: SecretGround): readonly SecretRef[] {
  const noted = [...readRegistry(home, parts.random).rows].filter(([, row]) => row.revoked === null);
  const ids = [
    ...namedSecrets(loaded.config).map(({ ref }) => ref.id),
    ...noted.map(([id]) => id),
    ...SECRET_VARIABLES.map((name) => `env:${name}`),
  ];
  return [...new Set(ids)].map(parseSecretId);
}

function needKnown({ loaded, home, parts }: SecretGround, { id }: SecretRef): void {
  const isNamed = namedSecrets(loaded.config).some(({ ref }) => ref.id === id);
  if (isNamed || readRegistry(home, parts.random).rows.has(id)) return;
  throw new Fault("SECRET_UNKNOWN", {
    message: `there is no secret \`${id}\``,
    hint: "`vambrace secrets list` shows those that there are",
  });
}

async function isMeant(io: Io, count: number, isSaid: boolean): Promise<boolean> {
  if (isSaid) return true;
  if (!io.isTerminal) throw usage("without a terminal to ask in, say --yes too");
  const answer = await askLine(io, `revoke ${plural(count, "secret")}? What uses them stops. Type yes: `);
  if (answer === "yes") return true;
  io.err("nothing was revoked");
  return false;
}

/** The values go out of the vault too, where it opens without asking; where it does not they stay in it, unusable. */
async function takeOut(io: Io, { home, place, key, parts }: SecretGround, refs: readonly SecretRef[]): Promise<void> {
  const names = refs.flatMap((ref) => (ref.source === "vault" ? [ref.name] : []));
  if (names.length === 0 || !hasVault(home)) return;
  if (place.unlock === "passphrase" && io.env.VAMBRACE_VAULT_PASSPHRASE === undefined) {
    io.err("their values stay in the vault, unused, until it is opened with its passphrase and changed next");
    return;
  }
  try {
    const opened = await key();
    await changeVault(parts, opened, { what: "secret.removed", names, change: remove(names) });
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    io.err(`their values stay in the vault, unused: ${thrown.message}`);
  }
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${secretsRevoke.usage}` });
}
