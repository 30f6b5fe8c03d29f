/**
 * The approval desk: one open question for each call that asks, answered once
 * by somebody who may, or by nobody, which is no.
 *
 * Questions live in memory only: after a restart the call that asked is gone,
 * so its question is too. Answers are bound to the digest of the exact call.
 *
 * @module
 */
import type { Answer, ApprovalRecord, ApprovalScope, Question } from "../../core/approval.ts";
import type { EndorsedAs, Endorsing } from "../../core/endorsement.ts";
import { Fault } from "../../core/fault.ts";
import { newId, type ApprovalId, type PersonId, type TurnId } from "../../core/ids.ts";
import type { Trust } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { QuestionEvent } from "../../core/ports/gateway.ts";
import type { Random } from "../../core/ports/random.ts";
import { coverOf, Standing } from "./standing.ts";

export type QuestionDraft = Omit<Question, "id" | "expiresMs" | "covers">;

/** More open questions than this in one session are answered no: a person cannot weigh them. */
export const OPEN_QUESTIONS_LIMIT = 8;
/** More questions than this for one request are answered no: whoever is asked so often stops reading. */
export const TURN_QUESTIONS_LIMIT = 16;
/** Turns of which the number of questions is kept. */
const TURNS_KEPT = 1_000;

type Settle = (settled: Settled | Said) => void;
type Said = Pick<Endorsing, "answer" | "by" | "of" | "as" | "trust">;
type Settled = Pick<ApprovalRecord, "answer" | "by" | "scope" | "unattended">;

const NO = { answer: "no", by: "nobody", scope: "once" } as const;
/** Nobody saw it. */
const UNATTENDED = { ...NO, unattended: true } as const;
type Open = { readonly question: Question; readonly settle: Settle };
type Watcher = { readonly person: PersonId; readonly listener: (event: QuestionEvent) => void };

export type DeskDeps = {
  readonly clock: Clock;
  readonly random: Random;
  /** How long a question waits, in milliseconds. */
  readonly lifeMs: number;
};

function isChoice({ covers }: Question, answer: "yes" | "no", scope: ApprovalScope): boolean {
  if (answer === "no") return scope === "once" || scope === "never";
  return scope === "once" || scope === "session" || (scope === "recipient" && covers !== undefined);
}

export class ApprovalDesk {
  readonly #deps: DeskDeps;
  readonly #open = new Map<ApprovalId, Open>();
  readonly #watchers = new Set<Watcher>();
  readonly #standing = new Standing();
  readonly #asked = new Map<TurnId, number>();

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves with the answer; `no` by nobody when it expires, is withdrawn, or there is nobody to ask.
   *
   * @param opened told the question where it is really put to somebody.
   */
  async ask(
    draft: QuestionDraft,
    signal: AbortSignal,
    opened: (question: Question) => void,
  ): Promise<ApprovalRecord | Endorsing> {
    const expiresMs = this.#deps.clock.wallMs() + this.#deps.lifeMs;
    const covers = coverOf(draft)?.says;
    const question: Question = {
      ...draft,
      id: newId("apr", this.#deps.random),
      expiresMs,
      ...(covers === undefined ? {} : { covers }),
    };
    const before = this.#standing.answerTo(question);
    if (before !== undefined) return this.#record(question, before);
    if (question.askedOf.length === 0 || this.#isCrowded(question)) return this.#record(question, UNATTENDED);
    if (signal.aborted) return this.#record(question, NO);
    const answered = this.#wait(question, signal);
    opened(question);
    const settled = await answered;
    // An endorsement answers nothing about the call: it is asked about anew, or it need not be.
    if (settled.answer !== "endorse") this.#standing.keep(question, settled);
    return settled;
  }

  /** Open questions that this person may answer. */
  open(person: PersonId): readonly Question[] {
    return [...this.#open.values()].map((one) => one.question).filter((question) => question.askedOf.includes(person));
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws Fault APPROVAL_UNKNOWN where it is not open; DENIED where this person was not asked. */
  answer(id: ApprovalId, by: PersonId, answer: Answer, scope: ApprovalScope): void {
    const one = this.#askedOf(id, by);
    if (answer !== "unattended" && !isChoice(one.question, answer, scope)) {
      throw new Fault("DENIED", {
        message: `\`${answer}\` with the scope \`${scope}\` is no answer to this question`,
        hint: "say yes `once`, for the `session` or, where it is offered, for the `recipient`; no `once` or `never`",
      });
    }
    // A program's word is recorded as nobody's, not as that of the person it asks for.
    one.settle(answer === "unattended" ? UNATTENDED : { answer, by, scope });
  }

  /**
   * @param said `trust` is that of the door at which he says it.
   * @throws Fault APPROVAL_UNKNOWN; DENIED where this person was not asked, or the question does not offer it.
   */
  endorse(
    id: ApprovalId,
    by: PersonId,
    said: { readonly item: string; readonly as: EndorsedAs; readonly trust: Trust },
  ): void {
    const one = this.#askedOf(id, by);
    const of = one.question.sources.find(({ item, as }) => item === said.item && as.includes(said.as));
    if (of === undefined) {
      throw new Fault("DENIED", {
        message: "this question does not offer that text to be endorsed",
        hint: "see what it offers with `vambrace approvals --json`: `sources`",
      });
    }
    one.settle({ answer: "endorse", by, of, as: said.as, trust: said.trust });
  }

  #askedOf(id: ApprovalId, by: PersonId): Open {
    const one = this.#open.get(id);
    if (one === undefined) {
      throw new Fault("APPROVAL_UNKNOWN", {
        message: "this question is not open: it was answered, withdrawn or has expired",
        hint: "see what is open with `vambrace approvals`",
      });
    }
    if (!one.question.askedOf.includes(by)) {
      throw new Fault("DENIED", {
        message: "this question was not asked of you",
        hint: "only somebody who may do the thing himself can approve it",
      });
    }
    return one;
  }

  watch(person: PersonId, listener: (event: QuestionEvent) => void, signal: AbortSignal): void {
    const watcher = { person, listener };
    this.#watchers.add(watcher);
    signal.addEventListener("abort", () => this.#watchers.delete(watcher), { once: true });
  }

  /** Everything open becomes no, and nothing stands any more: for `stop`. */
  closeAll(): void {
    this.#standing.clear();
    for (const one of this.#open.values()) one.settle(NO);
  }

  #wait(question: Question, signal: AbortSignal): Promise<ApprovalRecord | Endorsing> {
    const { promise, resolve } = Promise.withResolvers<ApprovalRecord | Endorsing>();
    const timer = new AbortController();
    const settle: Settle = (settled) => {
      if (!this.#open.delete(question.id)) return;
      timer.abort();
      const { answer, by } = settled;
      this.#tell(question, { type: "closed", id: question.id, answer, by });
      const { id: approval, call } = question;
      resolve(settled.answer === "endorse" ? { ...settled, id: approval, call } : this.#record(question, settled));
    };
    const withdraw = (): void => settle(NO);
    this.#open.set(question.id, { question, settle });
    signal.addEventListener("abort", withdraw, { once: true, signal: timer.signal });
    // Rejects only when the timer is aborted, which settling does: withdrawing is a no-op by then.
    this.#deps.clock.sleep(this.#deps.lifeMs, timer.signal).then(withdraw, withdraw);
    this.#tell(question, { type: "opened", question });
    return promise;
  }

  #tell(question: Question, event: QuestionEvent): void {
    for (const watcher of this.#watchers) if (question.askedOf.includes(watcher.person)) watcher.listener(event);
  }

  #isCrowded(question: Question): boolean {
    const { session, turn } = question.origin;
    const asked = (this.#asked.get(turn) ?? 0) + 1;
    this.#asked.set(turn, asked);
    const oldest = this.#asked.keys().next().value;
    if (this.#asked.size > TURNS_KEPT && oldest !== undefined) this.#asked.delete(oldest);
    if (asked > TURN_QUESTIONS_LIMIT) return true;
    const crowd = this.#open.values().filter((one) => one.question.origin.session === session);
    return crowd.toArray().length >= OPEN_QUESTIONS_LIMIT;
  }

  #record(question: Question, settled: Settled): ApprovalRecord {
    const { id, call, digest, needs: kind } = question;
    return { id, call, digest, ...settled, kind, atMs: this.#deps.clock.wallMs() };
  }
}
