/** `vambrace who matrix`: what each trust level may cause, as the loaded policies answer it. @module */
import { TRUST_LEVELS } from "../core/label.ts";
import { EFFECTS } from "../core/tool.ts";
import { type MatrixCell, whoMatrix } from "../steps/judge/matrix.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { groundOf, judgeOn } from "./judging.ts";
import { paint, table } from "./style.ts";

export const whoMatrixCommand: Command = {
  name: "who matrix",
  words: 0,
  summary: "what text and persons of each trust level may cause, by the policies that are loaded",
  usage: "vambrace who matrix [--channel C] [--config FILE] [--json]",
  example: "vambrace who matrix --channel webchat",
  options: { channel: { type: "string" }, config: { type: "string" }, json: { type: "boolean", default: false } },
  help: {
    channel: "whose rules for commands are meant; terminal unless said",
    config: "judge by this configuration file instead",
    json: 'print {"cells":[…],"persons":[…]} as JSON',
  },
  async run(_args, flags, io) {
    const judge = await judgeOn(groundOf(io, flags));
    const matrix = whoMatrix(judge, flagText(flags, "channel") ?? "terminal");
    if (flagOn(flags, "json")) {
      io.out(JSON.stringify(matrix));
      return 0;
    }
    io.out(drawn(io, "the least trusted text behind a call of the owner's, where nobody named anything", matrix.cells));
    io.out("");
    io.out(drawn(io, "the person's own trust, with nothing else in the conversation", matrix.persons));
    return 0;
  },
};

const COLOURS = { allow: "green", ask: "yellow", deny: "red" } as const;

function drawn(io: Io, title: string, cells: readonly MatrixCell[]): string {
  const rows = [...EFFECTS, "unknown"].map((effect) => [
    effect,
    ...TRUST_LEVELS.map(
      (trust) => cells.find((cell) => cell.trust === trust && cell.effect === effect)?.verdict ?? "deny",
    ),
  ]);
  const text = table([["", ...TRUST_LEVELS], ...rows.map((row) => row.map((cell) => cell.padEnd(5)))]);
  const painted = text.replaceAll(/\b(allow|ask|deny)\b/g, (word) =>
    word === "allow" || word === "ask" || word === "deny" ? paint(io, COLOURS[word], word) : word,
  );
  return `${paint(io, "bold", title)}\n${painted}`;
}
