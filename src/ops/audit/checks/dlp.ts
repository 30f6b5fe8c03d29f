/** Checks of what is done about sensitive data. @module */
import {
  DATA_KINDS,
  dlpAction,
  type DlpAction,
  type DlpPlace,
  type DlpRule,
  PERSONAL_KINDS,
} from "../../../core/dlp.ts";
import type { Mend } from "../../../core/finding.ts";
import { isArray } from "../../../core/json.ts";
import type { Check } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import { written } from "../written.ts";

const STRICTNESS: Readonly<Record<DlpAction, number>> = { allow: 0, redact: 1, ask: 1, block: 2 };

/** Places of `dlp.rules` by which less is done about a kind than shipped. */
function weaker(
  at: Installation,
  kinds: readonly (typeof DATA_KINDS)[number][],
  places: readonly DlpPlace[],
): readonly number[] {
  const { dlp } = need(at.effective);
  return dlp.flatMap((_, i) =>
    places.some((place) => kinds.some((kind) => isWeaker(dlp, i, { kind, place }))) ? [i] : [],
  );
}

function isWeaker(
  all: readonly DlpRule[],
  i: number,
  { kind, place }: { kind: (typeof DATA_KINDS)[number]; place: DlpPlace },
): boolean {
  const without = all.filter((_, k) => k !== i);
  const now = STRICTNESS[dlpAction(all, kind, place)];
  return now < STRICTNESS[dlpAction([], kind, place)] && now < STRICTNESS[dlpAction(without, kind, place)];
}

const OUT: readonly DlpPlace[] = [
  { direction: "out", to: "person" },
  { direction: "out", to: "host" },
];
const IN: readonly DlpPlace[] = [
  { direction: "in", from: "message" },
  { direction: "in", from: "result" },
];
const SELF: readonly DlpPlace[] = [{ direction: "out", to: "asker" }, { direction: "log" }];

function dlpCheck(
  words: Omit<Check, "look" | "mend">,
  kinds: readonly (typeof DATA_KINDS)[number][],
  places: readonly DlpPlace[],
): Check {
  return {
    ...words,
    look: (at) => weaker(at, kinds, places).map((i) => `dlp.rules[${i}]`),
    mend(at): readonly Mend[] {
      const out = weaker(at, kinds, places);
      const [list] = written(need(need(at.config).tree), ["dlp.rules"]);
      if (out.length === 0 || list === undefined || !isArray(list.value)) return [];
      return [{ op: "drop", path: "dlp.rules", values: list.value.filter((_, i) => out.includes(i)) }];
    },
  };
}

export const sensitive: readonly Check[] = [
  dlpCheck(
    {
      id: "dlp.secrets.leave",
      severity: "high",
      title: "secrets may leave unasked",
      why: "A key that a file holds goes out with the first call that carries it.",
      fix: "take that rule out",
      references: ["LLM02", "AML.T0057", "CWE-200"],
    },
    ["secret"],
    OUT,
  ),
  dlpCheck(
    {
      id: "dlp.personal.leaves",
      severity: "medium",
      title: "personal data may leave unasked",
      why: "Addresses, cards and accounts of others go to people and hosts that nobody named.",
      fix: "take that rule out",
      references: ["LLM02", "AML.T0057", "CWE-359"],
    },
    PERSONAL_KINDS,
    OUT,
  ),
  dlpCheck(
    {
      id: "dlp.secrets.read",
      severity: "medium",
      title: "the model is shown secrets that tools bring",
      why: "What it was shown it can be talked into telling, letter by letter.",
      fix: "take that rule out",
      references: ["LLM02", "LLM07", "AML.T0057", "CWE-200"],
    },
    ["secret"],
    IN,
  ),
  dlpCheck(
    {
      id: "dlp.secrets.shown",
      severity: "low",
      title: "secrets stand in clear in replies or records",
      why: "Replies are kept in windows, logs and screenshots.",
      fix: "take that rule out",
      references: ["LLM02", "CWE-532"],
    },
    DATA_KINDS,
    SELF,
  ),
];
