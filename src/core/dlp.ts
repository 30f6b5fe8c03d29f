/**
 * What is done about sensitive data: by kind, by direction, by who gets it.
 *
 * Rules are tried in order and the first that speaks of a kind at a place
 * decides; after the configured ones come those that ship. So every kind has an
 * answer everywhere, and it is written down in one place.
 *
 * The gateway's own secrets are in no rule: they are taken out wherever they
 * stand, and no yes lets a call carry one.
 *
 * @module
 */

export const PERSONAL_KINDS = ["payment-card", "iban", "us-ssn", "email", "phone", "ip"] as const;
export const DATA_KINDS = ["secret", ...PERSONAL_KINDS] as const;
export type DataKind = (typeof DATA_KINDS)[number];

/** A value that this process holds itself. */
export const KNOWN_SECRET = "known-secret";

/** Something sensitive that stands in a text. */
export type Sensitive = { readonly kind: DataKind | typeof KNOWN_SECRET; readonly value: string };

/** Finds what is sensitive in a text that would leave. */
export type FindSensitive = (text: string) => readonly Sensitive[];

export const DLP_ACTIONS = ["allow", "redact", "ask", "block"] as const;
export type DlpAction = (typeof DLP_ACTIONS)[number];

/** What comes in goes to the model. */
export const DLP_ORIGINS = ["message", "result"] as const;
export type DlpOrigin = (typeof DLP_ORIGINS)[number];

/** `asker`: the person whose turn it is. `host`: anything that is not a person. */
export const DLP_RECIPIENTS = ["asker", "person", "host"] as const;
export type DlpRecipient = (typeof DLP_RECIPIENTS)[number];

export type DlpPlace =
  | { readonly direction: "in"; readonly from: DlpOrigin }
  | { readonly direction: "out"; readonly to: DlpRecipient }
  | { readonly direction: "log" };

export type DlpRule = {
  readonly find: readonly DataKind[];
  readonly direction: DlpPlace["direction"];
  /** Of `in`; empty: both. */
  readonly from: readonly DlpOrigin[];
  /** Of `out`; empty: all. */
  readonly to: readonly DlpRecipient[];
  readonly action: DlpAction;
};

const rule = (
  find: readonly DataKind[],
  direction: DlpRule["direction"],
  action: DlpAction,
  rest: Partial<Pick<DlpRule, "from" | "to">> = {},
): DlpRule => ({ find, direction, action, from: [], to: [], ...rest });

/** An address of a machine is personal data in law, and in nearly every command: no question unless a rule says so. */
const SHIPPED: readonly DlpRule[] = [
  rule(["secret"], "log", "redact"),
  // A person may hand a password over for use; what a tool brought is nobody's to hand over.
  rule(["secret"], "in", "redact", { from: ["result"] }),
  rule(["secret"], "out", "redact", { to: ["asker"] }),
  rule(["secret"], "out", "ask"),
  rule(["payment-card", "iban", "us-ssn", "email", "phone"], "out", "ask", { to: ["person", "host"] }),
];

/** @returns `allow` where no rule says anything. */
export function dlpAction(rules: readonly DlpRule[], kind: DataKind, place: DlpPlace): DlpAction {
  return [...rules, ...SHIPPED].find((one) => one.find.includes(kind) && speaksOf(one, place))?.action ?? "allow";
}

function speaksOf(one: DlpRule, place: DlpPlace): boolean {
  if (one.direction !== place.direction) return false;
  if (place.direction === "in") return one.from.length === 0 || one.from.includes(place.from);
  if (place.direction === "out") return one.to.length === 0 || one.to.includes(place.to);
  return true;
}

/** The kinds about which one of these things is done at a place. */
export function kindsFor(rules: readonly DlpRule[], place: DlpPlace, actions: readonly DlpAction[]): DataKind[] {
  return DATA_KINDS.filter((kind) => actions.includes(dlpAction(rules, kind, place)));
}
