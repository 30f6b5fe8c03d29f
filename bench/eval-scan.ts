/**
 * Secrets, personal data and hidden orders, put to the scanner. Of personal data
 * only what patterns can decide counts.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createOutbound } from "../src/steps/outbound/outbound.ts";
import type { Finding } from "../src/steps/outbound/scan/rule.ts";
import { scanText } from "../src/steps/outbound/scan/scan.ts";
import { sift } from "../src/steps/outbound/sift.ts";
import type { Row } from "./eval-commands.ts";
import { missing, of, row } from "./eval-sessions.ts";

type Fixture = { readonly rule: string; readonly label: "secret" | "not-secret"; readonly b64: string };

export function evalSecrets(folder: string): readonly Row[] {
  const file = join(folder, "secrets/gitleaks-fixtures.jsonl");
  if (!existsSync(file)) return [missing("secrets")];
  const counts = { secret: 0, found: 0, clean: 0, wrong: 0 };
  const rules = new Map<string, { all: number; found: number }>();
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const { rule, label, b64 }: Fixture = JSON.parse(line);
    const hit = scanText(Buffer.from(b64, "base64").toString("utf8")).some((finding) => finding.kind === "secret");
    if (label === "not-secret") {
      counts.clean += 1;
      counts.wrong += hit ? 1 : 0;
      continue;
    }
    counts.secret += 1;
    counts.found += hit ? 1 : 0;
    const own = rules.get(rule) ?? { all: 0, found: 0 };
    rules.set(rule, { all: own.all + 1, found: own.found + (hit ? 1 : 0) });
  }
  const whole = [...rules.values()].filter((one) => one.found === one.all).length;
  return [
    row("secrets: found", of(counts.found, counts.secret), counts.found >= counts.secret * 0.85, "85 %"),
    row("secrets: kinds of which every one is found", of(whole, rules.size)),
    row(
      "secrets: taken for one and is none",
      of(counts.wrong, counts.clean),
      counts.wrong <= counts.clean * 0.05,
      "5 %",
    ),
  ];
}

/** What redaction changes in commands that hold nothing to hide. */
export function evalRedaction(folder: string): readonly Row[] {
  const file = join(folder, "benign-shell/nl2bash.jsonl");
  if (!existsSync(file)) return [missing("benign-shell")];
  const outbound = createOutbound(["a-known-secret-of-this-gateway-1f8b"]);
  const commands = (linesOf(file) as readonly { readonly command: string }[]).map(({ command }) => command);
  const altered = commands.filter((command) => outbound.result(command) !== command).length;
  const sifted = commands.filter(
    (command) => sift(command, { effect: "fetch", trust: "none" }).text !== command,
  ).length;
  return [
    row(
      "ordinary commands that redaction alters",
      of(altered, commands.length),
      altered < commands.length * 0.02,
      "2 %",
    ),
    row("ordinary commands that the input filter alters, as a page", of(sifted, commands.length)),
  ];
}

type Packed = { readonly id: string; readonly is_attack: boolean; readonly gz: string };

/** Poisoned and clean text; that something was found lowers nothing, so both numbers are only how far this layer goes. */
export function evalInjection(folder: string): readonly Row[] {
  return [...evalCorpus(folder), ...evalSkills(folder)];
}

const hits = (text: string): boolean => Object.keys(sift(text, { effect: "fetch", trust: "none" }).found).length > 0;

function evalCorpus(folder: string): readonly Row[] {
  const file = join(folder, "defenseclaw-corpora/regex.jsonl");
  if (!existsSync(file)) return [missing("defenseclaw-corpora")];
  const all = (linesOf(file) as readonly Packed[]).map(({ id, is_attack, gz }) => {
    const { content }: { readonly content: string } = JSON.parse(unpacked(gz));
    return { id, is_attack, found: hits(content) };
  });
  const attacks = all.filter(({ id, is_attack }) => is_attack && /^(?:injection|eval-inj)\//.test(id));
  const clean = all.filter(({ is_attack }) => !is_attack);
  return [
    row("defenseclaw, injections: found", of(attacks.filter(({ found }) => found).length, attacks.length)),
    row("defenseclaw, harmless neighbours: taken for one", of(clean.filter(({ found }) => found).length, clean.length)),
  ];
}

type Order = { readonly instructions: Readonly<Record<string, string | null>> };

function evalSkills(folder: string): readonly Row[] {
  const at = join(folder, "skill-inject");
  if (!existsSync(at)) return [missing("skill-inject")];
  const orders = (linesOf(join(at, "injections.jsonl")) as readonly Order[]).map(({ instructions }) =>
    Object.values(instructions).join("\n"),
  );
  const clean = (linesOf(join(at, "skills.jsonl")) as readonly { readonly gz: string }[]).map(({ gz }) => unpacked(gz));
  return [
    row("skill-inject, orders in plain words: found", of(orders.filter(hits).length, orders.length)),
    row("skill-inject, clean skills: something found", of(clean.filter(hits).length, clean.length)),
  ];
}

function linesOf(file: string): readonly unknown[] {
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

function unpacked(gz: string): string {
  return gunzipSync(Buffer.from(gz, "base64")).toString("utf8");
}

type Span = { readonly type: string; readonly start: number; readonly end: number };

const KINDS: Readonly<Record<string, string>> = {
  CREDIT_CARD: "card",
  IBAN_CODE: "IBAN",
  US_SSN: "SSN",
  EMAIL_ADDRESS: "e-mail",
  IP_ADDRESS: "IP address",
  PHONE_NUMBER: "phone",
};

export function evalPersonal(folder: string): readonly Row[] {
  const file = join(folder, "pii/presidio-synth-v2.jsonl");
  if (!existsSync(file)) return [missing("pii")];
  const counts = new Map(Object.values(KINDS).map((kind) => [kind, { all: 0, found: 0 }]));
  let findings = 0;
  let wrong = 0;
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const { text, spans }: { readonly text: string; readonly spans: readonly Span[] } = JSON.parse(line);
    // Their offsets count characters, ours UTF-16 units.
    const units = spans.map((span) => ({ ...span, start: unitsTo(text, span.start), end: unitsTo(text, span.end) }));
    const found = scanText(text).filter((finding) => finding.kind === "personal");
    for (const span of units) {
      const count = counts.get(KINDS[span.type] ?? "");
      if (count === undefined) continue;
      count.all += 1;
      count.found += found.some((finding) => overlaps(finding, span)) ? 1 : 0;
    }
    findings += found.length;
    wrong += found.filter((finding) => !units.some((span) => span.type in KINDS && overlaps(finding, span))).length;
  }
  return [
    ...[...counts].map(([kind, { all, found }]) => row(`personal data, ${kind}: found`, of(found, all))),
    row("personal data: findings that are none of these", of(wrong, findings)),
  ];
}

function unitsTo(text: string, characters: number): number {
  return Array.from(text).slice(0, characters).join("").length;
}

function overlaps(finding: Finding, span: Span): boolean {
  return finding.start < span.end && span.start < finding.end;
}
