/**
 * What the analysis of one command has found so far.
 *
 * @module
 */
import { escapePattern, type Field, NAME_MARK, shown } from "./fields.ts";
import type { State } from "./state.ts";
import type { PathAccess } from "./types.ts";

/** What speaks against a form. `script`: nothing, where this very path is allowed. */
export type Issue = { readonly says: string; readonly script?: string };

/** One start of a program, with what speaks against calling this form of it an everyday one. */
export type Start = {
  /** As written. */
  readonly name: string;
  /** Everything known of its arguments; stops at the first that is not known. */
  readonly words: readonly string[];
  /** All of its arguments are in `words`, as they will be. */
  readonly whole: boolean;
  readonly issues: readonly Issue[];
  /** The shell does it itself. */
  readonly builtin: boolean;
  /** A builtin that prints or acts: it is listed like a program. Others only steer the shell. */
  readonly acts?: true;
  /** Looked up like any program, but part of another one. */
  readonly part?: true;
  /** Program names are not looked up as they usually are. */
  readonly lookupChanged: boolean;
  readonly places: readonly string[] | null;
};

/** Absolute and otherwise as written: `..` and links are not resolved yet. A pattern where `pattern` is true. */
export type PathUse = {
  readonly path: string;
  readonly pattern: boolean;
  readonly access: PathAccess;
  /** What is there stays: it is added to, or only its mode or times change. */
  readonly keeps: boolean;
  /** Where it is a folder: patterns of the names that are written in it. */
  readonly into?: readonly string[];
};

/** `add`: a write under which the content of a file stays. */
export type Use = PathAccess | "add";

/** Steps of one analysis, so that no command can keep the judge busy. */
const MOST_STEPS = 4000;
const MOST_OPAQUE = 50;

export class Found {
  readonly starts = new Map<string, Start>();
  readonly paths = new Map<string, PathUse>();
  readonly hosts = new Set<string>();
  readonly wrappers = new Set<string>();
  /** Patterns whose names must be plain. */
  readonly plain = new Set<string>();
  /** Patterns that must match no name with a leading dash. */
  readonly dashed = new Set<string>();
  readonly opaque = new Set<string>();
  /** The text of each substitution that the parser showed, and of each that was walked. */
  readonly shown = new Set<string>();
  readonly walked = new Set<string>();
  /** Issues of the command as a whole. */
  readonly issues = new Set<string>();
  /** Names that are set for programs, which may obey them. */
  readonly settings = new Set<string>();
  /** Names whose every value the shell evaluates as arithmetic. */
  readonly numbers = new Set<string>();
  /** A name that is not known is evaluated as arithmetic. */
  anyNumber = false;
  /** A program starts without what commands start with. */
  bare = false;
  destructive = false;
  privileged = false;
  readonly workspace: string;
  #steps = 0;

  constructor(workspace: string) {
    this.workspace = workspace;
  }

  /** @returns false when the budget is used up; the caller stops there. */
  step(): boolean {
    this.#steps += 1;
    if (this.#steps <= MOST_STEPS) return true;
    this.opaque.add("too much to follow");
    return false;
  }

  start(start: Start): void {
    const key = JSON.stringify(start);
    if (!this.starts.has(key)) this.starts.set(key, start);
  }

  hide(why: string): void {
    if (this.opaque.size < MOST_OPAQUE) this.opaque.add(why.slice(0, 200));
  }

  /** Names of files become part of a text that is run: that is followed only where every such name is a plain one. */
  plainNames(field: Field, state: Pick<State, "places">): void {
    if (field.kind !== "pattern" || field.word === true) return;
    if (state.places === null) this.hide(`which names \`${shown(field)}\` stands for`);
    for (const pattern of field.from ?? [field.text]) {
      if (pattern.startsWith("/")) this.plain.add(pattern);
      else for (const place of state.places ?? []) this.plain.add(`${escapePattern(place)}/${pattern}`);
    }
  }

  /** Names of files become arguments of a program that has dangerous options: none of them may look like one. */
  dashes(field: Field, state: Pick<State, "places">): void {
    for (const place of state.places ?? []) this.dashed.add(`${escapePattern(place)}/${field.text}`);
  }

  /** Notes the use of a path as the shell would hand it on. `field` must be one word. */
  path(access: Use, field: Field, state: Pick<State, "places">): void {
    if (field.kind === "unknown" && field.data === true && field.text === "") {
      // Whatever it reads, it finds what is mounted: the workspace, and what else this command names.
      this.#note(access, "/", `${escapePattern(this.workspace)}/**`, true);
      return;
    }
    if (field.kind === "unknown") {
      this.hide(`which path \`${shown(field).slice(0, 60)}\` is: ${field.why}`);
      return;
    }
    if (field.text === "") return;
    if (field.kind === "literal" && field.text.includes(NAME_MARK)) {
      this.path(access, { kind: "pattern", text: namesAsPattern(field.text) }, state);
      return;
    }
    const pattern = field.kind === "pattern";
    if (field.text.startsWith("/")) this.#note(access, "/", field.text, pattern);
    else if (state.places === null) this.hide(`where \`${shown(field).slice(0, 60)}\` lies: the folder is not known`);
    else for (const place of state.places) this.#note(access, place, field.text, pattern);
  }

  /** Notes that things are put where `target` is, or into it where it is a folder. */
  into(target: Field, names: readonly string[], state: Pick<State, "places">): void {
    if (target.kind !== "literal" || target.text === "" || target.text.includes(NAME_MARK)) {
      this.path("write", target, state);
      return;
    }
    for (const place of target.text.startsWith("/") ? ["/"] : (state.places ?? [])) {
      const path = pathIn(place, target.text);
      if (!HARMLESS.test(path)) this.#set({ path, pattern: false, access: "write", keeps: false, into: names });
    }
    if (!target.text.startsWith("/") && state.places === null) this.path("write", target, state);
  }

  #note(access: Use, place: string, text: string, pattern: boolean): void {
    const path = pathIn(pattern ? escapePattern(place) : place, text);
    if (!pattern && HARMLESS.test(path)) return;
    const keeps = access === "add";
    this.#set({ path, pattern, access: keeps ? "write" : access, keeps });
  }

  #set(use: PathUse): void {
    this.paths.set(JSON.stringify(use), use);
  }
}

function pathIn(place: string, text: string): string {
  const from = text.startsWith("/") ? "" : `${place}/`;
  return (from + text).replaceAll(/\/(?:\.?\/)+/g, "/");
}

/** A path that holds marks for names: from the first on, anything below. */
function namesAsPattern(text: string): string {
  const sure = text.slice(0, text.indexOf(NAME_MARK));
  return `${escapePattern(sure.slice(0, sure.lastIndexOf("/") + 1))}**`;
}

/** Devices that hold nothing, and the streams of the program itself. */
const HARMLESS = /^\/dev\/(?:null|zero|full|u?random|tty|std(?:in|out|err)|fd\/\d+)$/;
