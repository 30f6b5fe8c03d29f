/**
 * Programs that reach other machines.
 *
 * @module
 */
import { below, dropPrefix, type Field, literal, prefixOf, shown } from "../fields.ts";
import { applyMeanings, type Run, usePath, useUrl } from "../roles.ts";
import { readBy, readOnly, type Special, unclear } from "./special.ts";

/** What is fetched under a name of the server's choice may be any file of the folder. */
const HERE = below(literal("."));

export const curl: Special = (run, program) => {
  const read = readOnly(program, run);
  for (const meaning of read.meanings) {
    if (meaning.label === "-b" && !/[/.]/.test(shown(meaning.field))) continue;
    if (meaning.label === "--url" || meaning.label === "operand") useUrl(meaning.field, run);
    else applyMeanings([meaning], run);
  }
  if (read.seen.has("-O") || read.seen.has("-J") || read.seen.has("--remote-name-all")) usePath("write", HERE, run);
  return unclear(run);
};

export const wget: Special = (run, program) => {
  const read = readBy(program, run);
  for (const url of read.operands) useUrl(url, run);
  const named = read.seen.has("-O") || read.seen.has("--spider");
  if (!named && read.operands.length > 0) usePath("write", HERE, run);
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
  return unclear(run);
};

const OPENSSL_READS = /^-(?:in|inkey|key|cert|CAfile|CApath|sigfile|signature|verify)$/;
const OPENSSL_WRITES = /^-(?:out|keyout|sess_out|cert_chain_out)$/;
const OPENSSL_HOSTS = /^-(?:connect|proxy|host|url|accept)$/;
const OPENSSL_NEVER = /^-(?:engine|provider|provider-path|config|conf|passin|rand|writerand|extfile|command)$/;
const OPENSSL_EVERYDAY =
  /^(?:dgst|sha\d+|md5|enc|base64|x509|rsa|pkey|ec|version|rand|genrsa|genpkey|asn1parse|crl|verify|ciphers|prime|passwd|list|help|pkcs\d+|speed|errstr|dhparam)$/;

export const openssl: Special = (run) => {
  const [verb, ...args] = run.args;
  const name = verb === undefined ? "" : shown(verb);
  if (!OPENSSL_EVERYDAY.test(name)) run.issues.push({ says: `\`openssl ${name.slice(0, 20)}\`` });
  for (const [i, arg] of args.entries()) {
    if (prefixOf(arg).startsWith("-")) opensslOption(shown(arg), args[i + 1], run);
    else if (!OPENSSL_WRITES.test(shown(args[i - 1] ?? arg))) usePath("read", arg, run);
  }
  return unclear(run);
};

function opensslOption(name: string, value: Field | undefined, run: Run): void {
  if (OPENSSL_NEVER.test(name)) run.issues.push({ says: `the option \`${name}\`` });
  else if (value === undefined) return;
  else if (OPENSSL_WRITES.test(name)) usePath("write", value, run);
  else if (OPENSSL_READS.test(name)) usePath("read", value, run);
  else if (OPENSSL_HOSTS.test(name)) run.analysis.found.hosts.add(shown(value));
}
