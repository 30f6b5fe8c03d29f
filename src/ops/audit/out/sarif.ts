/**
 * A report as SARIF 2.1.0, for the tools that collect findings.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 * @module
 */
import { createHash } from "node:crypto";
import type { Finding, Severity } from "../../../core/finding.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { CheckWords } from "../check.ts";
import { RUN_WORDS } from "../checks/accepted.ts";
import type { Report } from "../report.ts";
import type { AcceptedRisk } from "../settings.ts";

const LEVELS: Readonly<Record<Severity, string>> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
};
/** As code hosts rank them. */
const SCORES: Readonly<Record<Severity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "3.0",
  info: "0.0",
};

/** The rules of a catalogue, whatever it looks at. */
export type Rules = readonly { readonly checks: readonly CheckWords[] }[];

export function sarifOf(report: Report, families: Rules, version: string): JsonObject {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "vambrace security audit", version, rules: rulesOf(report, families) } },
        invocations: [{ executionSuccessful: true, endTimeUtc: new Date(report.atMs).toISOString() }],
        results: [
          ...report.open.map((finding) => resultOf(finding)),
          ...report.accepted.map(({ finding, risk }) => ({
            ...resultOf(finding),
            suppressions: [suppressionOf(risk)],
          })),
        ],
        properties: { target: report.target, form: report.form },
      },
    ],
  };
}

/** Every rule that there is; and those of findings whose id says more than the rule's, as that of a channel does. */
function rulesOf({ open, accepted }: Report, families: Rules): readonly JsonObject[] {
  const checks = families.flatMap(({ checks }) => checks);
  const own = Object.values(RUN_WORDS).map((words) => ({ ...words, severity: "medium" as const }));
  const known = new Set([...checks, ...own].map(({ id }) => id));
  const found = [...open, ...accepted.map(({ finding }) => finding)].filter(({ id }) => !known.has(id));
  const more = new Map(found.map((one) => [one.id, one]));
  return [...checks, ...own, ...more.values()].map(({ id, title, why, fix, references, severity }) => ({
    id,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: fix },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ["security", ...references], "security-severity": SCORES[severity] },
  }));
}

function resultOf(finding: Finding): JsonObject {
  return {
    ruleId: finding.id,
    level: LEVELS[finding.severity],
    message: { text: `${finding.title}: ${finding.places.map(plain).join("; ")}` },
    locations: finding.places.slice(0, 50).map(locationOf),
    partialFingerprints: { "placesHash/v1": createHash("sha256").update(finding.places.join("\0")).digest("hex") },
  };
}

/** In messages brackets make links; what a stranger named a file is none. */
const plain = (text: string): string => text.replaceAll(/[[\]\\]/g, "\\$&");

/** A path is a file; everything else is a place with a name. */
function locationOf(place: string): JsonObject {
  const [, path, line] = /^(\/[^:,(]*?)(?:, line (\d+))?(?::.*| \(.*\)| ->.*)?$/.exec(place) ?? [];
  if (path === undefined) return { logicalLocations: [{ fullyQualifiedName: place.slice(0, 500) }] };
  const region = line === undefined ? {} : { region: { startLine: Number(line) } };
  return {
    physicalLocation: {
      artifactLocation: { uri: `file://${path.split("/").map(encodeURIComponent).join("/")}` },
      ...region,
    },
  };
}

function suppressionOf({ owner, reason, control, until }: AcceptedRisk): JsonObject {
  return {
    kind: "external",
    status: "accepted",
    justification: `${reason ?? ""} (${owner ?? ""}; instead: ${control ?? ""}; until ${until ?? ""})`,
  };
}
