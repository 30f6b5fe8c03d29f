/**
 * What the parts of the command analysis hand to each other.
 *
 * @module
 */
import type { Script, SyntaxNode } from "unbash";
import type { Field, Stream } from "./fields.ts";
import type { Found } from "./found.ts";
import type { State, Value } from "./state.ts";
import type { CommandWorld } from "./types.ts";

/** Where one program is started: what it stands in and what it reads. */
export type Call = {
  readonly state: State;
  readonly input: Stream;
  /** The names of programs that start this one, outermost first. */
  readonly via: readonly string[];
};

export type Analysis = {
  readonly world: CommandWorld;
  readonly found: Found;
  readonly choices: Choices;
  /** A script in a subshell. */
  script(script: Script, call: Call): Stream;
  /** Text that a shell reads: `eval`, `sh -c`, here-documents of `bash`. */
  text(text: Field, call: Call): Stream;
  /** A program that another one starts: no functions, no builtins. */
  argv(argv: readonly Field[], call: Call): Stream;
};

/** What a command leaves behind where it succeeds and where it fails; null: the shell does not go on. */
export type Outcome = { readonly ok: State | null; readonly fail: State | null; readonly out: Stream };

export type Shell = Analysis & {
  exec(node: SyntaxNode, call: Call): Outcome;
  /** Text read by the shell that is running now. */
  evaluate(text: Field, call: Call): Outcome;
  /** Text that is run when something happens: at the end, on a signal, after each command. */
  later(text: Field, call: Call): void;
  /** A command whose words are known: function, builtin or program. */
  dispatch(argv: readonly Field[], call: Call, only: "any" | "no functions" | "programs"): Outcome;
};

/** One pass for each combination of the values that the names of a command may have. */
export class Choices {
  #chosen = new Map<string, number>();
  #counts = new Map<string, number>();
  #passes = 0;

  /** The value of this pass. */
  pick(name: string, values: readonly Value[]): Value {
    const first = values[0] ?? "unset";
    if (values.length < 2) return first;
    if (!this.#chosen.has(name)) {
      this.#chosen.set(name, 0);
      this.#counts.set(name, values.length);
    }
    return values[this.#chosen.get(name) ?? 0] ?? first;
  }

  /** @returns false when every combination was seen, or there are more than `most`. */
  next(most: number): "again" | "done" | "too many" {
    this.#passes += 1;
    for (const [name, at] of [...this.#chosen].reverse()) {
      if (at + 1 < (this.#counts.get(name) ?? 1)) {
        this.#chosen.set(name, at + 1);
        return this.#passes >= most ? "too many" : "again";
      }
      this.#chosen.delete(name);
    }
    return "done";
  }

  /** A fresh set, for a command inside a command; the other is put back afterwards. */
  nested<T>(use: () => T): T {
    const before = { chosen: this.#chosen, counts: this.#counts, passes: this.#passes };
    this.#chosen = new Map();
    this.#counts = new Map();
    this.#passes = 0;
    try {
      return use();
    } finally {
      this.#chosen = before.chosen;
      this.#counts = before.counts;
      this.#passes = before.passes;
    }
  }
}
