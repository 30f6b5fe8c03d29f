/** `vambrace token create`, `list` and `revoke`. @module */
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { TRUST_LEVELS } from "../core/label.ts";
import { PERMISSIONS } from "../core/person.ts";
import { connect } from "./client.ts";
import { type Command, flagOn, flagText } from "./command.ts";
import { table } from "./style.ts";

const Made = z.looseObject({ id: z.string(), token: z.string() });
const Tokens = z.looseObject({
  tokens: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      person: z.string(),
      trust: z.string(),
      permissions: z.array(z.string()),
      expiresMs: z.number().nullable(),
      lastUsedMs: z.number().nullable(),
      revoked: z.boolean(),
    }),
  ),
});

export const tokenCreate: Command = {
  name: "token create",
  words: 1,
  summary: "make a token for a program or a person; it is shown once",
  usage: "vambrace token create NAME --allow PERMISSION[,…] [--person P] [--trust T] [--days N] [--json]",
  example: "vambrace token create backup-script --allow chat,read_log --trust limited --days 30",
  options: {
    allow: { type: "string" },
    person: { type: "string" },
    trust: { type: "string" },
    days: { type: "string" },
    json: { type: "boolean", default: false },
  },
  help: {
    allow: `what it may do: ${PERMISSIONS.join(", ")}`,
    person: "on whose behalf; you unless said",
    trust: "none, limited, standard, elevated or full; never more than yours",
    days: "how long it works; until it is revoked unless said",
    json: "print id and token as JSON",
  },
  async run([name], flags, io) {
    const allow = flagText(flags, "allow");
    if (name === undefined || allow === undefined) {
      throw new Fault("COMMAND_USAGE", {
        message: "a token needs a name and what it may do",
        hint: `usage: ${tokenCreate.usage}`,
      });
    }
    const days = flagText(flags, "days");
    const trust = flagText(flags, "trust");
    if (days !== undefined && !(Number(days) > 0)) throw unfit("a number of days", days);
    const body = {
      name,
      permissions: allow.split(",").map((word) => oneOf("a permission", PERMISSIONS, word.trim())),
      person: flagText(flags, "person"),
      trust: trust === undefined ? undefined : oneOf("a trust level", TRUST_LEVELS, trust),
      expiresMs: days === undefined ? undefined : Math.round(Date.now() + Number(days) * 86_400_000),
    };
    const made = await connect(io).post("/api/tokens", body, Made);
    io.out(flagOn(flags, "json") ? JSON.stringify(made) : made.token);
    io.err(`made ${made.id}; it is shown only now: keep it where secrets are kept`);
    return 0;
  },
};

function oneOf(what: string, all: readonly string[], word: string): string {
  if (all.includes(word)) return word;
  throw unfit(what, word, `; one of: ${all.join(", ")}`);
}

function unfit(what: string, word: string, those = ""): Fault {
  return new Fault("COMMAND_USAGE", {
    message: `\`${word.slice(0, 40)}\` is not ${what}${those}`,
    hint: `usage: ${tokenCreate.usage}`,
  });
}

export const tokenList: Command = {
  name: "token list",
  words: 0,
  summary: "the tokens that there are, never their values",
  usage: "vambrace token list [--json]",
  example: "vambrace token list",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print them as JSON" },
  async run(_args, flags, io) {
    const { tokens } = await connect(io).get("/api/tokens", Tokens);
    if (flagOn(flags, "json")) io.out(JSON.stringify(tokens));
    else {
      const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
      const rows = tokens.map((one) => [
        one.id,
        one.name,
        one.person,
        one.trust,
        one.permissions.join(","),
        one.expiresMs === null ? "never expires" : `until ${day(one.expiresMs)}`,
        one.lastUsedMs === null ? "never used" : `used ${day(one.lastUsedMs)}`,
        one.revoked ? "revoked" : "",
      ]);
      io.out(table(rows));
    }
    return 0;
  },
};

export const tokenRevoke: Command = {
  name: "token revoke",
  words: 1,
  summary: "end a token at once",
  usage: "vambrace token revoke ID",
  example: "vambrace token revoke tok_0123456789abcdefghjkmnpqrs",
  options: {},
  help: {},
  async run([id], _flags, io) {
    if (id === undefined)
      throw new Fault("COMMAND_USAGE", { message: "say which token", hint: `usage: ${tokenRevoke.usage}` });
    await connect(io).delete(`/api/tokens/${encodeURIComponent(id)}`);
    io.err("revoked");
    return 0;
  },
};
