/**
 * The reach of an incident: which texts, from whom, led to which calls; what
 * those touched; who was reached. From the ledger's records alone, from all of
 * them, and in the memory of a few: each list is bounded for itself, and
 * chosen so that a flood pushes nothing else out (`fair.ts`).
 *
 * INVARIANT(reach-is-plain): where nothing was too much, it is what looking at
 * all records at once would give.
 *
 * @module
 */
import type { StoredEntry } from "../../core/ports/ledger.ts";
import type { RecordMembers } from "../../ledger/members.ts";
import type { Call } from "./calls.ts";
import * as facts from "./facts.ts";
import { type Counted, type More, Tally } from "./tally.ts";
import { plain } from "./timeline.ts";

export type Influence = Counted & {
  /** `none`, `limited`, …: who could have written it. */
  readonly trust: string;
  readonly kind: string;
  readonly id: string;
};

export type Touched = Counted & { readonly what: string; readonly how: string; readonly outcome: string };

export type Host = Touched & {
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly credentials: readonly string[];
};

export type Reach = {
  /** Records that were looked at. */
  readonly records: number;
  /** Least trusted first. */
  readonly influences: readonly Influence[];
  /** Names of credentials that were put into requests, with where these went. */
  readonly secrets: readonly Touched[];
  /** Those of the files whose names look like secrets, in a list that other files do not fill. */
  readonly secretPlaces: readonly Touched[];
  readonly files: readonly Touched[];
  readonly commands: readonly Touched[];
  /** Persons and sessions that something was sent to. */
  readonly recipients: readonly Touched[];
  readonly hosts: readonly Host[];
  /** Models elsewhere that were sent what the session held. */
  readonly providers: readonly Touched[];
  /** What stays: memories, schedules, sessions. */
  readonly lasting: readonly Touched[];
  /** Calls that did more than their records have room for. */
  readonly unsaid: readonly Touched[];
  readonly refused: readonly Touched[];
  readonly unknown: readonly string[];
  readonly persons: readonly string[];
  readonly approvals: readonly { readonly call: string; readonly by: string; readonly answer: string }[];
  /** What did not fit into a list; for lists into which all of it did, nothing. */
  readonly more: Readonly<Partial<Record<ReachList, More>>>;
};
export type ReachList = Exclude<keyof Reach, "more" | "records">;

/** Lines of one list. */
export const LISTED = 2_000;
const RANK: Readonly<Record<string, number>> = { none: 0, limited: 1, standard: 2, elevated: 3, full: 4 };
const CONFIDENTIALITY = ["public", "internal", "private", "secret"];
export const LASTING: ReadonlySet<string> = new Set(["remember", "schedule", "spawn", "configure", "install"]);
/** Whoever answered where nobody did. */
const NOBODY = "nobody";

type Thing = { readonly what: string; readonly how: string; readonly outcomes: string[] };
type HostThing = Thing & { out: number; in: number; readonly requests: string[]; readonly credentials: string[] };
type SecretThing = Thing & { readonly hosts: string[] };
type ModelThing = Thing & { most: number };
type Sought = {
  readonly what: string;
  readonly how: string;
  readonly kin: string;
  readonly share?: string;
  readonly outcome?: string;
};

export class ReachTally {
  readonly #influences: Tally<Pick<Influence, "trust" | "kind" | "id">>;
  readonly #things: Readonly<Record<(typeof THINGS)[number], Tally<Thing>>>;
  readonly #hosts: Tally<HostThing>;
  readonly #secrets: Tally<SecretThing>;
  readonly #providers: Tally<ModelThing>;
  readonly #unknown: Tally<{ readonly id: string }>;
  readonly #persons: Tally<{ readonly who: string }>;
  readonly #approvals: Tally<Reach["approvals"][number]>;
  #records = 0;

  constructor(listed = LISTED) {
    const things = (parts?: Readonly<Record<string, number>>): Tally<Thing> => new Tally(listed, parts);
    this.#influences = new Tally(listed, { none: 1, limited: 1, standard: 1, elevated: 1, full: 1 });
    this.#things = {
      files: things({ changed: 1, elsewhere: 1, all: 1 }),
      secretPlaces: things(),
      commands: things(),
      recipients: things(),
      lasting: things(Object.fromEntries([...LASTING].map((effect) => [effect, 1]))),
      unsaid: things(),
      refused: things({ read: 1, all: 2 }),
    };
    this.#hosts = new Tally(listed);
    this.#secrets = new Tally(listed);
    this.#providers = new Tally(listed);
    this.#unknown = new Tally(listed);
    this.#persons = new Tally(listed);
    this.#approvals = new Tally(listed, { [NOBODY]: 1, all: 3 });
  }

  /** Each record once, newest first, whatever it is. */
  saw({ kind, what, who, result, index, call = "" }: RecordMembers): void {
    this.#records += 1;
    if (kind === "message") {
      const place = { key: who, share: "all", kin: who, index, call };
      this.#persons.see(place, () => ({ who }));
    } else if (what === "approval.answered") {
      const one = { call, by: who, answer: result === "ok" ? "yes" : "no" };
      const share = who === NOBODY ? NOBODY : "all";
      this.#approvals.see({ key: `${call}\n${who}\n${one.answer}`, share, kin: who, index, call }, () => one);
    }
  }

  decided(call: Call): void {
    const { entry, id, isRan } = call;
    for (const one of facts.sourcesIn(entry)) {
      const share = one.trust in RANK ? one.trust : "none";
      const key = `${one.trust}\n${one.kind}\n${one.id}`;
      const place = { key, share, kin: `${one.kind} ${facts.KIN.place(one.id)}`, index: entry.index, call: id };
      this.#influences.see(place, () => one);
    }
    if (isRan) this.#ran(call);
    else {
      const first = facts.firstArgument(entry);
      const what = `${entry.target} ${first}`;
      const share = facts.effectOf(entry) === "read" ? "read" : "all";
      this.#saw("refused", call, { what, how: says(entry), kin: facts.KIN.place(what), share });
    }
  }

  connected(entry: StoredEntry): void {
    if (entry.kind !== "connection" || entry.result !== "ok") return;
    const { target: host, index, call = "", data } = entry;
    const credentials = facts.texts(data?.["credentials"]);
    const request = facts.text(data?.["request"]);
    const place = { share: "all", index, call };
    this.#hosts.see(
      { ...place, key: host, kin: facts.KIN.host(host) },
      () => ({ ...thing(host, ""), out: 0, in: 0, requests: [], credentials: [] }),
      (own) => {
        own.out += facts.amount(data?.["bytesOut"]);
        own.in += facts.amount(data?.["bytesIn"]);
        addTo(own.requests, request, 5);
        for (const name of credentials) addTo(own.credentials, name, 50);
      },
    );
    for (const name of credentials)
      this.#secrets.see(
        { ...place, key: name, kin: name },
        () => ({ ...thing(name, ""), hosts: [] }),
        (own) => addTo(own.hosts, host, 20),
      );
  }

  asked({ what, target, index, call = "", data }: StoredEntry): void {
    if (what !== "model.asked" || data?.["remote"] !== true) return;
    const level = CONFIDENTIALITY.indexOf(facts.text(data["confidentiality"]));
    this.#providers.see(
      { key: target, share: "all", kin: facts.KIN.place(target), index, call },
      () => ({ ...thing(target, ""), most: -1 }),
      (own) => (own.most = Math.max(own.most, level)),
    );
  }

  reach(): Reach {
    const list = (name: (typeof THINGS)[number]): readonly Touched[] =>
      this.#things[name].listed().map((one) => touched(one));
    return {
      records: this.#records,
      influences: this.#influences
        .listed()
        .toSorted((a, b) => (RANK[a.trust] ?? 0) - (RANK[b.trust] ?? 0))
        .map((one) => ({ ...one, trust: plain(one.trust, 20), kind: plain(one.kind, 20), id: plain(one.id) })),
      secrets: this.#secrets.listed().map(({ hosts, ...one }) => touched(one, `to ${joined(hosts)}`)),
      secretPlaces: list("secretPlaces"),
      files: list("files"),
      commands: list("commands"),
      recipients: list("recipients"),
      lasting: list("lasting"),
      unsaid: list("unsaid"),
      refused: list("refused"),
      hosts: this.#hosts.listed().map(({ out, in: bytesIn, requests, credentials, ...one }) => ({
        ...touched(one, joined(requests)),
        bytesOut: out,
        bytesIn,
        credentials: credentials.map((name) => plain(name, 80)),
      })),
      providers: this.#providers.listed().map(({ most, ...one }) => {
        const level = CONFIDENTIALITY[most] ?? "private";
        return touched(one, `${one.times} requests, the most confidential: ${level}`);
      }),
      unknown: this.#unknown.listed().map(({ id }) => plain(id, 80)),
      persons: this.#persons.listed().map(({ who }) => plain(who, 80)),
      approvals: this.#approvals.listed().map(({ call, by, answer }) => ({ call, by: plain(by, 80), answer })),
      more: this.#more(),
    };
  }

  #ran(call: Call): void {
    const { entry, id, outcome } = call;
    const { target: tool, index } = entry;
    for (const { path, access, zone } of facts.pathsIn(entry)) {
      const one = { what: path, how: access, kin: facts.KIN.place(path) };
      const share = access !== "read" ? "changed" : zone !== "workspace" && zone !== "" ? "elsewhere" : "all";
      this.#saw("files", call, { ...one, share });
      if (SECRET_PLACE.test(path)) this.#saw("secretPlaces", call, one);
    }
    if (tool === "exec") {
      const command = facts.argumentAt(entry, "/command");
      this.#saw("commands", call, { what: command, how: "ran", kin: facts.KIN.command(command) });
    }
    for (const what of facts.recipientsIn(entry))
      this.#saw("recipients", call, { what, how: tool, kin: `${tool} ${facts.KIN.person(what)}` });
    const effect = facts.effectOf(entry);
    const first = `${tool} ${facts.firstArgument(entry)}`;
    if (LASTING.has(effect)) this.#saw("lasting", call, { what: first, how: effect, kin: tool, share: effect });
    if (facts.isCut(entry))
      this.#saw("unsaid", call, { what: `${tool} ${facts.headOf(entry)}`, how: "its record was cut", kin: tool });
    if (outcome === "unknown") this.#unknown.see({ key: id, share: "all", kin: tool, index, call: id }, () => ({ id }));
  }

  #saw(name: (typeof THINGS)[number], call: Call, { what, how, kin, share = "all" }: Sought): void {
    const sight = { key: `${how}\n${what}`, share, kin, index: call.entry.index, call: call.id };
    this.#things[name].see(
      sight,
      () => thing(what, how),
      ({ outcomes }) => addTo(outcomes, call.outcome, 5),
    );
  }

  #more(): Reach["more"] {
    const all: readonly (readonly [ReachList, { more(): More | undefined }])[] = [
      ["influences", this.#influences],
      ["secrets", this.#secrets],
      ...THINGS.map((name) => [name, this.#things[name]] as const),
      ["hosts", this.#hosts],
      ["providers", this.#providers],
      ["unknown", this.#unknown],
      ["persons", this.#persons],
      ["approvals", this.#approvals],
    ];
    return Object.fromEntries(
      all.flatMap(([name, tally]) => (tally.more() === undefined ? [] : [[name, tally.more()]])),
    );
  }
}

const THINGS = ["files", "secretPlaces", "commands", "recipients", "lasting", "unsaid", "refused"] as const;

/** Names of files that hold what has to be ended elsewhere. */
export const SECRET_PLACE =
  /(?:^|\/)(?:\.env(?:\.[^/]*)?|\.netrc|\.npmrc|\.pypirc|id_[a-z0-9]+|[^/]*\.(?:pem|key|p12|pfx|kdbx)|[^/]*(?:secret|credential|password|token)[^/]*)$/i;

/** As it is spelled: most of a flood is let go again, and only what is listed is made plain. */
function thing(what: string, how: string): Thing {
  return { what, how, outcomes: [] };
}

function touched({ outcomes, ...one }: Thing & Counted, how = one.how): Touched {
  const outcome = outcomes.includes("unknown")
    ? "unknown"
    : outcomes.includes("ok") || outcomes.length === 0
      ? "ok"
      : joined(outcomes);
  return { ...one, what: plain(one.what), how: plain(how, 200), outcome };
}

function joined(all: readonly string[]): string {
  return all.join(", ");
}

function addTo(all: string[], one: string, most: number): void {
  if (one !== "" && all.length < most && !all.includes(one)) all.push(one);
}

function says(entry: StoredEntry): string {
  return facts.text(entry.data?.["says"]);
}
