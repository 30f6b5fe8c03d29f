/** `vambrace secrets set` and `secrets rotate`: values that come in. @module */
import { changeVault } from "../../app/secrets/changes.ts";
import { Fault } from "../../core/fault.ts";
import { checkValue, confirm, rotate, set, undo, type Change } from "../../edges/vault/content.ts";
import { type Command, flagOn, flagText, type Io } from "../command.ts";
import { askHidden, isTyped, readStdin } from "../typed.ts";
import { refuseWords, secretGround, type SecretGround, tellGateway, vaultNameOf } from "./ground.ts";
import { bringVault } from "./init.ts";

const WHY = { why: { type: "string" } } as const;
const WHY_HELP = "kept in the ledger with the change";

export const secretsSet: Command = {
  name: "secrets set",
  words: Number.POSITIVE_INFINITY,
  summary: "keep a secret in the vault: typed where nothing is shown, or from standard input",
  usage: "vambrace secrets set NAME [--owner PERSON] [--why TEXT]   (the value on standard input, or when asked)",
  example: "vambrace secrets set github",
  options: { owner: { type: "string" }, ...WHY },
  help: { owner: "who is asked to replace it when it is old; you unless said", why: WHY_HELP },
  async run([given, ...more], flags, io) {
    refuseWords(more, secretsSet);
    if (given === undefined) throw usage("say the secret's name", secretsSet);
    const name = vaultNameOf(given, secretsSet);
    const ground = secretGround(io, flags);
    await bringVault(io, ground);
    const value = checkValue(await valueFrom(io, `value of ${name} (not shown): `));
    const owner = flagText(flags, "owner") ?? ground.parts.who;
    const key = await ground.key();
    await changeVault(ground.parts, key, { what: "secret.set", names: [name], change: set(name, value), owner });
    io.err(`kept as vault:${name}; write \`\${vault:${name}}\` where the configuration needs it`);
    await tellGateway(io);
    return 0;
  },
};

export const secretsRotate: Command = {
  name: "secrets rotate",
  words: Number.POSITIVE_INFINITY,
  summary: "give a secret its new value; with --keep-old the old one can be brought back until it is confirmed",
  usage: "vambrace secrets rotate NAME [--keep-old | --confirm | --undo] [--why TEXT]   (the new value as with `set`)",
  example: "vambrace secrets rotate github --keep-old",
  options: {
    "keep-old": { type: "boolean", default: false },
    confirm: { type: "boolean", default: false },
    undo: { type: "boolean", default: false },
    ...WHY,
  },
  help: {
    "keep-old": "keep the old value until --confirm lets it go, or --undo puts it back",
    confirm: "the new value works: let the old one go",
    undo: "the new value does not work: put the old one back",
    why: WHY_HELP,
  },
  async run([given, ...more], flags, io) {
    refuseWords(more, secretsRotate);
    if (given === undefined) throw usage("say the secret's name", secretsRotate);
    const [isConfirm, isUndo, isKept] = [flagOn(flags, "confirm"), flagOn(flags, "undo"), flagOn(flags, "keep-old")];
    if ([isConfirm, isUndo, isKept].filter(Boolean).length > 1)
      throw usage("say one of --keep-old, --confirm and --undo", secretsRotate);
    const name = vaultNameOf(given, secretsRotate);
    const ground = secretGround(io, flags);
    if (isConfirm) await apply(ground, "secret.confirmed", name, confirm(name));
    else if (isUndo) await apply(ground, "secret.undone", name, undo(name));
    else await rotateNow(io, ground, name, isKept);
    io.err(isConfirm ? "the old value is let go" : isUndo ? "the old value counts again" : afterRotate(name, isKept));
    await tellGateway(io);
    return 0;
  },
};

async function rotateNow(io: Io, ground: SecretGround, name: string, keepOld: boolean): Promise<void> {
  if (isTyped(io)) guide(io, ground, name);
  const value = checkValue(await valueFrom(io, `new value of ${name} (not shown): `));
  await apply(ground, "secret.rotated", name, rotate(name, value, keepOld));
}

/** What a person does before and after, with the hosts that the secret is for. */
function guide(io: Io, { loaded }: SecretGround, name: string): void {
  const hosts = Object.values(loaded.config.egress.credentials)
    .filter(({ secret }) => secret === `\${vault:${name}}`)
    .flatMap((one) => one.hosts);
  const where = hosts.length > 0 ? ` at ${[...new Set(hosts)].join(", ")}` : " at the service";
  io.err(`1. make a new key${where}; leave the old one alive`);
  io.err("2. give the new one here");
  io.err("3. see that it works, then end the old one at the service");
}

function afterRotate(name: string, isKept: boolean): string {
  const end = "end the old key at the service";
  if (!isKept) return `vault:${name} has its new value; ${end}`;
  return `vault:${name} has its new value, the old one is kept. It works: \`vambrace secrets rotate ${name} --confirm\`, then ${end}. It does not: --undo`;
}

async function apply(
  { parts, key }: SecretGround,
  what: "secret.rotated" | "secret.confirmed" | "secret.undone",
  name: string,
  change: Change,
): Promise<void> {
  await changeVault(parts, await key(), { what, names: [name], change });
}

async function valueFrom(io: Io, prompt: string): Promise<string> {
  return isTyped(io) ? askHidden(io, prompt) : readStdin(io.stdin);
}

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
