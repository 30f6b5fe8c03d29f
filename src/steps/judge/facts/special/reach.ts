/**
 * Programs that reach other machines.
 *
 * @module
 */
import { dropPrefix, literal, prefixOf, shown } from "../fields.ts";
import { applyMeanings, hideUnknownWords, usePath, useUrl } from "../roles.ts";
import { readBy, readOnly, type Special, unclear } from "./special.ts";

export const curl: Special = (run, program) => {
  hideUnknownWords(run);
  const read = readOnly(program, run);
  for (const meaning of read.meanings) {
    if (meaning.label === "-b" && !/[/.]/.test(shown(meaning.field))) continue;
    if (meaning.label === "--url" || meaning.label === "operand") useUrl(meaning.field, run);
    else applyMeanings([meaning], run);
  }
  if (read.seen.has("-O") || read.seen.has("-J") || read.seen.has("--remote-name-all"))
    usePath("write", literal("."), run);
  return unclear(run);
};

export const wget: Special = (run, program) => {
  hideUnknownWords(run);
  const read = readBy(program, run);
  for (const url of read.operands) useUrl(url, run);
  const named = read.seen.has("-O") || read.seen.has("--spider");
  if (!named && read.operands.length > 0) usePath("write", literal("."), run);
  return unclear(run);
};

/** Every operand may be an address of `socat` or a host. */
export const netcat: Special = (run, program) => {
  const read = readBy(program, run);
  const [first] = read.operands;
  if (first !== undefined && first.kind === "literal") run.analysis.found.hosts.add(first.text.slice(0, 200));
  for (const operand of read.operands) {
    const command = /^(?:exec|system|shell):/i.exec(prefixOf(operand))?.[0];
    if (command !== undefined) run.analysis.text(dropPrefix(operand, command.length), run.call);
  }
  return unclear(run);
};

export const lookup: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands) {
    if (operand.kind === "unknown") run.analysis.found.hide(`which host \`${shown(operand)}\` is`);
    else if (/^[\w.:@-]+$/.test(shown(operand))) run.analysis.found.hosts.add(shown(operand).replace(/^.*@/, ""));
  }
  if (read.operands.some((operand) => prefixOf(operand).startsWith("+"))) return unclear(run);
  return unclear(run);
};

const OPENSSL_FILES = /^-(?:in|inkey|key|cert|CAfile|CApath|pubin|inform|passin|sigfile|signature|verify)$/;

export const openssl: Special = (run) => {
  hideUnknownWords(run);
  for (const [i, arg] of run.args.entries()) {
    const next = run.args[i + 1];
    const text = shown(arg);
    if (/^-(?:engine|provider|provider-path|config|conf|passin|rand|writerand|extfile|command)$/.test(text))
      run.issues.push({ says: `the option \`${text}\`` });
    if (next === undefined) continue;
    if (/^-(?:out|keyout|writerand|sess_out|cert_chain_out)$/.test(text)) usePath("write", next, run);
    else if (OPENSSL_FILES.test(text) && !/^-(?:pubin|inform|passin)$/.test(text)) usePath("read", next, run);
    else if (/^-(?:connect|proxy|host|url|accept)$/.test(text)) run.analysis.found.hosts.add(shown(next));
  }
  const [verb] = run.args.map(shown);
  if (verb === undefined || /^(?:s_server|s_client|engine|req|ca|ocsp|s_time)$/.test(verb))
    run.issues.push({ says: `\`openssl ${verb ?? ""}\`` });
  for (const arg of run.args.slice(1)) if (/^[./~]/.test(prefixOf(arg))) usePath("read", arg, run);
  return unclear(run);
};
