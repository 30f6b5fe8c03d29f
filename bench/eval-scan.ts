/** Secrets and personal data, put to the scanner. Only what patterns can decide counts. @module */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../src/steps/outbound/scan/rule.ts";
import { scanText } from "../src/steps/outbound/scan/scan.ts";
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
    row("secrets: found", of(counts.found, counts.secret)),
    row("secrets: kinds of which every one is found", of(whole, rules.size)),
    row("secrets: taken for one and is none", of(counts.wrong, counts.clean)),
  ];
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
