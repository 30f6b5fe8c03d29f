/**
 * Answers that stand: so that the same question is not asked twice.
 *
 * Each is bound to one session, and to as much of the call as the person was
 * told: the exact call; or the tool and whom it reaches. The wider one covers
 * only the reasons that he read when he said it, and never sensitive data.
 * Everything here is forgotten when everything is stopped, and at a restart.
 *
 * @module
 */
import type { ApprovalRecord, Question } from "../../core/approval.ts";
import type { PersonId } from "../../core/ids.ts";
import { digestOf, type Digest } from "../../core/json.ts";
import type { ArgumentRole } from "../../core/tool.ts";

/** Without what the desk adds. */
export type Asked = Pick<
  Question,
  "tool" | "effect" | "arguments" | "cwd" | "origin" | "origins" | "facts" | "because" | "needs" | "askedOf"
>;

type Said = Pick<ApprovalRecord, "answer" | "by" | "scope">;
type Wide = { readonly by: PersonId; readonly because: ReadonlySet<string> };

/** Answers of each kind that are kept; older ones are forgotten, and asked again. */
const KEPT = 1_000;

export class Standing {
  readonly #exact = new Map<Digest, PersonId>();
  readonly #wide = new Map<Digest, Wide>();
  readonly #never = new Map<Digest, PersonId>();
  readonly #thisTurn = new Map<string, Said>();

  /** What was said before and answers this question; undefined: it has to be asked. */
  answerTo(question: Asked): Said | undefined {
    const exact = exactShape(question);
    const cover = coverOf(question);
    const never = this.#never.get(cover?.shape ?? exact);
    if (never !== undefined) return { answer: "no", by: never, scope: "never" };
    const before = this.#exact.get(exact);
    if (before !== undefined && question.askedOf.includes(before))
      return { answer: "yes", by: before, scope: "session" };
    const wide = cover === undefined ? undefined : this.#wide.get(cover.shape);
    if (wide !== undefined && question.askedOf.includes(wide.by) && coversReasons(wide, question))
      return { answer: "yes", by: wide.by, scope: "recipient" };
    return this.#thisTurn.get(`${question.origin.turn} ${exact}`);
  }

  keep(question: Asked, said: Said): void {
    const exact = exactShape(question);
    // Within one turn a no stands, silence too: a model that asks again and again is no reason to be asked again.
    const { answer, by, scope } = said;
    if (answer === "no") remember(this.#thisTurn, `${question.origin.turn} ${exact}`, { answer, by, scope });
    if (by === "nobody") return;
    if (answer === "no") {
      if (scope === "never") remember(this.#never, coverOf(question)?.shape ?? exact, by);
    } else if (scope === "session") remember(this.#exact, exact, by);
    else if (scope === "recipient") this.#widen(question, by);
  }

  #widen(question: Asked, by: PersonId): void {
    const cover = coverOf(question);
    if (cover === undefined) return;
    const because = this.#wide.get(cover.shape)?.because ?? [];
    remember(this.#wide, cover.shape, { by, because: new Set([...because, ...question.because]) });
  }

  clear(): void {
    for (const map of [this.#exact, this.#wide, this.#never, this.#thisTurn]) map.clear();
  }
}

function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > KEPT && oldest !== undefined) map.delete(oldest);
}

function coversReasons({ because }: Wide, question: Asked): boolean {
  return question.because.every((id) => because.has(id)) && !carriesSensitive(question);
}

function carriesSensitive({ facts, because }: Asked): boolean {
  return facts.carries.length > 0 || because.some((id) => id.startsWith("config.dlp."));
}

/**
 * The same tool with the same arguments in the same folder and session. One character more in a command is another
 * question.
 */
function exactShape({ tool, arguments: args, cwd, origin }: Asked): Digest {
  return digestOf({ tool, arguments: args, cwd, session: origin.session });
}

/** What may differ from one call to the next under a yes for a recipient. */
const FREE: ReadonlySet<ArgumentRole> = new Set(["content", "plain"]);

export type Cover = { readonly shape: Digest; readonly says: string };

/**
 * What a yes for a recipient would cover. Only sending and reading from a host have one: of money, commands, settings
 * and what is lost each call is looked at.
 */
export function coverOf(question: Asked): Cover | undefined {
  const { tool, effect, origin, cwd, origins, needs } = question;
  if (needs !== "yes" || carriesSensitive(question)) return undefined;
  const reached = effect === "send" ? recipientsOf(question) : effect === "fetch" ? hostsOf(question) : [];
  if (reached.length === 0) return undefined;
  const fixed = origins
    .filter(({ role }) => !FREE.has(role) && role !== "recipient" && !(effect === "fetch" && isAddress(role)))
    .map(({ pointer, value }) => [pointer, value]);
  return {
    shape: digestOf({ wide: tool, reached, fixed, cwd, session: origin.session }),
    says: `${tool} to ${reached.join(", ")}, whatever it says, in this session`,
  };
}

const isAddress = (role: ArgumentRole): boolean => role === "url" || role === "host";

function recipientsOf({ origins, facts }: Asked): readonly string[] {
  if (facts.hosts.length > 0) return [];
  return [...new Set(origins.filter(({ role }) => role === "recipient").map(({ value }) => value))].sort();
}

/** Reading only: what is posted is looked at each time. */
function hostsOf({ facts }: Asked): readonly string[] {
  const readsOnly = facts.hosts.every(({ method }) => method === "GET" || method === "HEAD");
  return readsOnly ? [...new Set(facts.hosts.map(({ host, port }) => `${host}:${port}`))].sort() : [];
}
