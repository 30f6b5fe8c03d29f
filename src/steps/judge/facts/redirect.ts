/**
 * Redirections: what is read and written without any program naming it.
 *
 * @module
 */
import type { HereDoc, Redirect, Redirection } from "unbash";
import { expandHereDoc, expandWhole, expandWord } from "./expand.ts";
import type { Expansion } from "./values.ts";
import { type Field, prefixOf, shown, type Stream } from "./fields.ts";

/** @returns what the command then finds on its standard input; undefined: what it found before. */
export function redirected(redirects: readonly Redirection[], expansion: Expansion): Stream | undefined {
  let input: Stream | undefined;
  for (const redirect of redirects) {
    const descriptor = redirect.descriptor?.type === "FileDescriptor" ? redirect.descriptor.value : undefined;
    const standard = redirect.descriptor === undefined || descriptor === 0;
    const stream = one(redirect, expansion);
    if (standard && stream !== undefined) input = stream;
  }
  return input;
}

function one(redirect: Redirection, expansion: Expansion): Stream | undefined {
  switch (redirect.type) {
    case "HereString":
      return redirect.target === undefined ? undefined : asStream(expandWhole(redirect.target, expansion));
    case "HereDoc":
      return hereDoc(redirect, expansion);
    case "Redirect":
      return file(redirect, expansion);
  }
}

function hereDoc(redirect: HereDoc, expansion: Expansion): Stream {
  if (redirect.delimiter?.quoted === true) return asText(redirect.body.text, redirect.operator);
  const field = expandHereDoc(redirect.body, expansion);
  return field.kind === "literal" ? asText(field.text, redirect.operator) : asStream(field);
}

function asText(text: string, operator: HereDoc["operator"]): Stream {
  return { kind: "literal", text: operator === "<<-" ? text.replaceAll(/^\t+/gm, "") : text };
}

function asStream(field: Field): Stream {
  if (field.kind === "literal") return { kind: "literal", text: `${field.text}\n` };
  if (field.kind === "pattern") return { kind: "paths", fields: [field] };
  return { kind: "unknown", why: field.why };
}

/** Under these what is in the file stays. */
const ADDS: ReadonlySet<string> = new Set([">>", "&>>", "<>"]);
const DUPLICATES: ReadonlySet<string> = new Set([">&", "<&"]);

function file(redirect: Redirect, expansion: Expansion): Stream | undefined {
  const name = redirect.descriptor?.type === "FileDescriptorVariable" ? redirect.descriptor.name : "";
  if (!/^\w*$/.test(name)) expansion.analysis.found.hide(`the name \`{${name.slice(0, 40)}}\``);
  if (redirect.target === undefined) return undefined;
  for (const field of expandWord(redirect.target, expansion)) {
    if (DUPLICATES.has(redirect.operator) && field.kind === "literal" && /^(?:\d+-?|-)$/.test(field.text))
      return undefined;
    use(redirect, field, expansion);
  }
  return redirect.operator.startsWith("<") ? { kind: "unknown", why: "it comes from a file" } : undefined;
}

function use(redirect: Redirect, field: Field, expansion: Expansion): void {
  const { found } = expansion.analysis;
  const { state } = expansion.call;
  const net = /^\/dev\/(?:tcp|udp)\/(.*)$/.exec(prefixOf(field));
  if (net !== null) {
    const [host = "", port = ""] = (net[1] ?? "").split("/");
    if (field.kind === "literal") found.hosts.add(`${host}:${port}`);
    else found.hide(`which host \`${shown(field)}\` is`);
    return;
  }
  if (redirect.operator.startsWith("<")) found.path("read", field, state);
  if (redirect.operator !== "<" && redirect.operator !== "<&")
    found.path(ADDS.has(redirect.operator) ? "add" : "write", field, state);
  if (
    redirect.operator !== "<" &&
    /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|mem|kmem|port|dm-|loop|mapper\/)/.test(prefixOf(field))
  ) {
    found.destructive = true;
  }
}
