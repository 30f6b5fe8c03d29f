/** `vambrace endorsements`: the texts that somebody stands for, and taking that back. @module */
import { z } from "zod";
import { TRUST_LEVELS } from "../core/label.ts";
import { Fault } from "../core/fault.ts";
import { connect } from "./client.ts";
import { type Command, flagOn } from "./command.ts";
import { oneLine, table } from "./style.ts";

const Endorsements = z.looseObject({
  endorsements: z.array(
    z.looseObject({
      session: z.string(),
      item: z.string(),
      from: z.string(),
      by: z.string(),
      atMs: z.number(),
      trust: z.enum(TRUST_LEVELS).optional(),
      confidentiality: z.string().optional(),
    }),
  ),
});

export const endorsementsCommand: Command = {
  name: "endorsements",
  words: 2,
  summary: "the texts that you endorsed in a conversation, and taking that back",
  usage: "vambrace endorsements [revoke ITEM] [--json]",
  example: "vambrace endorsements revoke itm_0123456789abcdefghjkmnpqrs",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print them as JSON" },
  async run([verb, item], flags, io) {
    const client = connect(io);
    const { endorsements } = await client.get("/api/endorsements", Endorsements);
    if (verb !== undefined) {
      const one = endorsements.find((other) => other.item === item);
      if (verb !== "revoke" || item === undefined) throw usage("say which one to take back");
      if (one === undefined) throw usage("there is no such endorsement that you can take back");
      await client.delete(`/api/endorsements/${encodeURIComponent(one.session)}/${encodeURIComponent(item)}`);
      io.err("taken back: what was made from that text has fallen with it");
      return 0;
    }
    if (flagOn(flags, "json")) io.out(JSON.stringify(endorsements));
    else if (endorsements.length === 0) io.err("nothing is endorsed");
    else {
      const rows = endorsements.map(({ item: id, from, by, atMs, trust, confidentiality }) => [
        id,
        oneLine(from, 60),
        `by ${by}`,
        new Date(atMs).toISOString(),
        [trust === undefined ? "" : `trust ${trust}`, confidentiality ?? ""].filter((part) => part !== "").join(", "),
      ]);
      io.out(table(rows));
    }
    return 0;
  },
};

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${endorsementsCommand.usage}` });
}
