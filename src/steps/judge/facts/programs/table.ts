/**
 * What programs do with their arguments: the form of the table.
 *
 * Each entry says, from the program's own documentation, what its options and
 * operands mean. `options` is a list of words:
 *
 *     -v            a flag that only changes how things look
 *     -o=write      takes a value with this role; `-o,--output=write` has two spellings
 *     -i?text       the value is optional and attached
 *     -l~text       the value is an optional number and attached
 *     -x!           makes the form one that is not everyday
 *
 * `operands` is a list of roles, at most one of them starred: `text read*`.
 *
 * @module
 */

export const ROLES = [
  /** Means nothing outside the program. */
  "text",
  "read",
  "write",
  /** Written, and what is there stays. */
  "add",
  "edit",
  "delete",
  /** The program stands there: relative paths start from it. */
  "folder",
  /** A file of settings: read, and not everyday. */
  "config",
  /** A file that names more files: read, and not everyday. */
  "list",
  /** A query, which may name files to read and, in some versions, programs. */
  "query",
  /** A command line for a shell. */
  "shell",
  /** All the rest is a command. */
  "argv",
  /** Text in a language of its own that can start programs. */
  "code",
  /** A file of such text. */
  "script",
  "host",
  "url",
  /** `host:path`, or a local path: read. */
  "from",
  /** `host:path`, or a local path: written. */
  "to",
  /** `@file` is read, anything else is text. */
  "data",
  /** `name=@file` and `name=<file` are read. */
  "form",
  /** Not everyday, whatever it is. */
  "never",
] as const;
export type Role = (typeof ROLES)[number];

export type Program = {
  readonly options?: string;
  readonly operands?: string;
  /** Options that are not named only change how things look; otherwise they make the form not everyday. */
  readonly open?: true;
  /** The first operand ends the options. */
  readonly posix?: true;
  /** Long options have one dash. */
  readonly single?: true;
  /** The first operand chooses: the rest is read by that entry. A text: why it is not everyday. */
  readonly commands?: { readonly [name: string]: Program | string };
  /** Why no form of it is everyday. */
  readonly never?: string;
  /** With one of these words alone it only tells about itself. */
  readonly asks?: string;
  /** Why it is not everyday without operands. */
  readonly bare?: string;
  /** Takes commands or code from its standard input. */
  readonly obeysInput?: true;
  /** What it prints: names of its operands, one short word, lines that it was given. */
  readonly prints?: "operands" | "below" | "word" | "input";
  readonly privileged?: true;
  readonly destructive?: true;
  /** Reaches hosts that its arguments do not name. */
  readonly reaches?: string;
  /** A reader of its own in `special/`. */
  readonly special?: string;
};

/** By name; several names with one meaning stand in one key, blanks between. */
export type Table = { readonly [names: string]: Program };
