/**
 * Taking sensitive data out of a text: what stands there is replaced by a word
 * that says what it was. Known secrets always; the rest by rule, for one place.
 *
 * @module
 */
import { type DataKind, type DlpPlace, type DlpRule, kindsFor, type Sensitive } from "../../core/dlp.ts";
import type { FindKnown } from "./known.ts";
import type { Finding } from "./scan/rule.ts";
import { scanPersonal, scanSecrets } from "./scan/scan.ts";

export type Mark = { readonly start: number; readonly end: number; readonly what: string };

export type Redactor = {
  /** What of a text has to be taken out, in order, none within another. */
  readonly marks: (text: string) => readonly Mark[];
  readonly text: (text: string) => string;
};

export function redactor(known: FindKnown, rules: readonly DlpRule[], place: DlpPlace): Redactor {
  const kinds = kindsFor(rules, place, ["redact", "ask", "block"]);
  const marks = (text: string): readonly Mark[] => marksIn(text, known, kinds);
  return { marks, text: (text) => without(text, marks(text)) };
}

function marksIn(text: string, known: FindKnown, kinds: readonly DataKind[]): readonly Mark[] {
  const own = known(text).map((span) => ({ ...span, what: "a known secret" }));
  const others = sensitiveIn(text, kinds).filter(
    (one) => !own.some((mark) => one.start < mark.end && mark.start < one.end),
  );
  return [...own, ...others].sort((a, b) => a.start - b.start);
}

/** Secrets first: what is both is a secret. */
function sensitiveIn(text: string, kinds: readonly DataKind[]): readonly Mark[] {
  const found = kinds.includes("secret") ? [...scanSecrets(text)] : [];
  if (kinds.some((kind) => kind !== "secret")) {
    for (const one of scanPersonal(text)) {
      if (!kinds.includes(kindOf(one)) || found.some((other) => one.start < other.end && other.start < one.end))
        continue;
      found.push(one);
    }
  }
  return found.map(({ start, end, rule }) => ({ start, end, what: rule }));
}

function without(text: string, marks: readonly Mark[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, what } of marks) {
    result += `${text.slice(at, start)}[redacted: ${what}]`;
    at = end;
  }
  return result + text.slice(at);
}

/** Each address is one kind, whichever version it is of. */
export function kindOf({ kind, rule }: Finding): DataKind {
  if (kind === "secret") return "secret";
  return PERSONAL[rule] ?? "secret";
}

const PERSONAL: Readonly<Record<string, DataKind>> = {
  "payment-card": "payment-card",
  iban: "iban",
  "us-ssn": "us-ssn",
  email: "email",
  phone: "phone",
  ipv4: "ip",
  ipv6: "ip",
};

/** Everything sensitive in what would leave: also within one layer of base 64 or hexadecimal. */
export function sensitiveOf(text: string, known: FindKnown): readonly Sensitive[] {
  const own = known(text).map(({ start, end }) => ({ kind: "known-secret" as const, value: text.slice(start, end) }));
  const found = [...scanSecrets(text), ...scanPersonal(text)].map((finding) => ({
    kind: kindOf(finding),
    value: text.slice(finding.start, finding.end),
  }));
  const wrapped = [...decoded(text)].flatMap((inner) => [
    ...known(inner).map(({ start, end }) => ({ kind: "known-secret" as const, value: inner.slice(start, end) })),
    ...scanSecrets(inner).map(({ start, end }) => ({ kind: "secret" as const, value: inner.slice(start, end) })),
  ]);
  return [...own, ...found, ...wrapped];
}

const ENCODED = /[A-Za-z0-9+/_-]{24,}/g;
const HEXADECIMAL = /^[0-9a-f]+$/i;

/** What decodes to text; anything else was no wrapping. */
function* decoded(text: string): Generator<string> {
  for (const [run] of text.matchAll(ENCODED)) {
    const inner = Buffer.from(run, HEXADECIMAL.test(run) ? "hex" : "base64").toString("utf8");
    if (!inner.includes("\uFFFD")) yield inner;
  }
}
