/**
 * Programs that start another one, in ways of their own.
 *
 * @module
 */
import { joined, literal, prefixOf, shown } from "../fields.ts";
import { runScript, runShell, startNext, usePath } from "../roles.ts";
import { readBy, readOnly, type Special, unclear } from "./special.ts";

/** The words of the command are joined and handed to a shell, unless `-x` says otherwise. */
export const joinedWords: Special = (run, program) => {
  const read = readOnly(program, run);
  if (read.operands.length === 0) return unclear(run);
  if (read.seen.has("-x")) return startNext(read.operands, run) ?? unclear(run);
  return runShell(joined(read.operands), run);
};

export const flock: Special = (run, program) => {
  const read = readOnly(program, run);
  const [file, ...rest] = read.operands;
  if (file !== undefined) usePath("write", file, run);
  const [flag, text] = rest;
  if (flag !== undefined && /^(?:-c|--command)$/.test(shown(flag)) && text !== undefined) return runShell(text, run);
  const given = read.meanings.find((meaning) => meaning.role === "shell");
  if (given !== undefined) return runShell(given.field, run);
  return rest.length === 0 ? unclear(run) : (startNext(rest, run) ?? unclear(run));
};

/** An architecture may stand before the command. */
export const setarch: Special = (run, program) => {
  const read = readOnly(program, run);
  const [first, ...rest] = read.operands;
  if (first === undefined) run.issues.push({ says: "starts a shell" });
  else if (/^(?:i\d86|x86_64|linux\d\d|arm\w*|aarch64|uname26|s390x?|ppc\w*)$/.test(shown(first)))
    startNext(rest.length === 0 ? [literal("sh")] : rest, run);
  else startNext(read.operands, run);
  return unclear(run);
};

export const elevate: Special = (run, program) => {
  const read = readOnly(program, run);
  run.issues.push({ says: "raises privilege" });
  const argv = read.operands.filter(
    (field, i, all) => !(/^\w+=/.test(prefixOf(field)) && all.slice(0, i).every((f) => /^\w+=/.test(prefixOf(f)))),
  );
  return argv.length === 0 ? unclear(run) : (startNext(argv, run) ?? unclear(run));
};

/** It shows with `-l` and nothing else; every other form puts something there that is started later. */
export const crontab: Special = (run, program) => {
  const read = readBy(program, run);
  if (!read.seen.has("-l")) run.issues.push({ says: "starts programs later" });
  for (const file of read.operands) runScript(file, run);
  return unclear(run);
};

/** Starts what is named; a name that is not known is no everyday form. */
export const named: Special = (run, program) => {
  const read = readOnly(program, run);
  const [first] = read.operands;
  if (first === undefined || read.seen.has("-v") || read.seen.has("-V")) return unclear(run);
  if (first.kind === "literal") return startNext(read.operands, run) ?? unclear(run);
  run.issues.push({ says: `starts \`${shown(first).slice(0, 40)}\`` });
  return unclear(run);
};
