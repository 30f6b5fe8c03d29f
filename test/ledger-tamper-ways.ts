/**
 * Ways to tamper with a ledger's folder, each drawn by chance.
 *
 * @module
 */
import { frameRecord, splitRecords, TILE_WIDTH } from "../src/ledger/layout.ts";
import {
  type Change,
  changeTo,
  type Files,
  forge,
  newKey,
  parsed,
  type Put,
  renumbered,
  spelled,
  type World,
} from "./ledger-tamper-kit.ts";

export type Draw = {
  /** From 0 up to, and without, this. */
  readonly nat: (below: number) => number;
  readonly pick: <T>(of: readonly T[]) => T;
};

/** Undefined: what was drawn does not change anything, or is no tampering. */
type Way = (world: World, draw: Draw) => Change | undefined;

export function drawFrom(random: () => number): Draw {
  const nat = (below: number): number => Math.floor(random() * below);
  return {
    nat,
    pick: (of) => {
      const one = of[nat(of.length)];
      if (one === undefined) throw new Error("nothing to draw from");
      return one;
    },
  };
}

const KEY = newKey();

/** Bytes of any file, wherever in it. */
const bytes: Record<string, (of: Buffer, draw: Draw) => Buffer> = {
  "a bit flipped": (of, { nat }) => {
    const changed = Buffer.from(of);
    const bit = nat(of.length * 8);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed;
  },
  "bytes written over": (of, { nat }) => {
    const changed = Buffer.from(of);
    const at = nat(of.length);
    for (let i = at; i < Math.min(of.length, at + 1 + nat(40)); i++) changed[i] = nat(256);
    return changed;
  },
  "bytes cut out": (of, { nat }) => {
    const at = nat(of.length);
    return Buffer.concat([of.subarray(0, at), of.subarray(at + 1 + nat(80))]);
  },
  "the end cut off": (of, { nat }) => of.subarray(0, nat(of.length)),
  "bytes put in": (of, { nat }) => {
    const at = nat(of.length + 1);
    const more = Buffer.from(Array.from({ length: 1 + nat(40) }, () => nat(256)));
    return Buffer.concat([of.subarray(0, at), more, of.subarray(at)]);
  },
  "bytes twice": (of, { nat }) => {
    const at = nat(of.length);
    return Buffer.concat([of.subarray(0, at + 1 + nat(80)), of.subarray(at)]);
  },
  "a stretch made zero": (of, { nat }) => {
    const at = nat(of.length);
    return Buffer.from(of).fill(0, at, Math.min(of.length, at + 1 + nat(200)));
  },
};

/** Records, of a bundle whose hashes stay or of a history whose hashes are made again. */
const records: Record<string, (of: readonly Buffer[], draw: Draw) => Buffer[]> = {
  "two records swapped": (of, { nat }) => {
    const [a, b] = [nat(of.length), nat(of.length)];
    return of.with(a, of[b] ?? KEEP).with(b, of[a] ?? KEEP);
  },
  "a record removed": (of, { nat }) => of.toSpliced(nat(of.length), 1),
  "a record twice": (of, { nat }) => of.toSpliced(nat(of.length), 0, of[nat(of.length)] ?? KEEP),
  "a record altered": (of, { nat }) => {
    const at = nat(of.length);
    const one = parsed(of[at] ?? KEEP);
    return of.with(at, spelled({ ...one, who: one.who === "ana" ? "eve" : "ana" }));
  },
  "a record made up": (of, { nat }) => {
    const at = nat(of.length);
    return of.toSpliced(at, 0, spelled({ ...parsed(of[at] ?? KEEP), target: "never happened" }));
  },
  "a record spelled otherwise": (of, draw) => {
    const at = draw.nat(of.length);
    return of.with(at, Buffer.from(otherSpelling((of[at] ?? KEEP).toString("utf8"), draw)));
  },
};

const KEEP = Buffer.alloc(0);

/** The same meaning to whoever parses it. */
function otherSpelling(text: string, { pick }: Draw): string {
  return pick([
    (): string => text.replace(",", ", "),
    (): string => `${text} `,
    (): string => text.replace('"who":"', '"who":"\\u0061').replace("\\u0061a", "\\u0061"),
    (): string => text.replace(/"index":([0-9]+)/, '"index":$1.0'),
    (): string => text.replace(/^\{(.*?)("index":[0-9]+),/, "{$2,$1"),
    (): string => text.replace('"kind":"call"', '"kind":"call","kind":"call"'),
    (): string => text.replace('"kind":"call"', '"kind":"c\\u0061ll"'),
  ])();
}

function currentBundles(files: Files): string[] {
  const paths = [...files.keys()].filter((path) => path.startsWith("tile/entries/"));
  const widest = Math.max(0, ...paths.map((path) => Number(path.split(".p/")[1] ?? 0)));
  return paths.filter((path) => !path.includes(".p/") || path.endsWith(`.p/${widest}`));
}

function single(path: string, put: Put, { files }: World): Change | undefined {
  const before = files.get(path);
  if (put instanceof Buffer && before?.equals(put) === true) return undefined;
  return new Map([[path, put]]);
}

const bytesWays = Object.entries(bytes).map(([name, alter]): [string, Way] => [
  name,
  (world, draw) => {
    const path = draw.pick([...world.files.keys()]);
    const of = world.files.get(path) ?? KEEP;
    return of.length === 0 ? undefined : single(path, alter(of, draw), world);
  },
]);

const recordWays = Object.entries(records).map(([name, alter]): [string, Way] => [
  `${name}, hashes kept`,
  (world, draw) => {
    const path = draw.pick(currentBundles(world.files));
    const changed = alter(splitRecords(world.files.get(path) ?? KEEP).records, draw);
    return single(path, Buffer.concat(changed.map(frameRecord)), world);
  },
]);

/** Another history of about this length, each hash and number in it right. */
function rewritten({ records: all, size }: World, draw: Draw): Buffer[] {
  const alter = draw.pick(Object.values(records));
  const changed = alter(all.slice(0, size), draw);
  return draw.nat(2) === 0 ? changed : renumbered(changed);
}

const isTile = (path: string): boolean => path.startsWith("tile/");

const forgedWays: Record<string, Way> = {
  "hashed again, old checkpoint": (world, draw) => hashedAgain(world, draw, isTile),
  "hashed again, the journal too": (world, draw) =>
    hashedAgain(world, draw, (path) => isTile(path) || path.startsWith("journal")),
  "hashed again, checkpoint by a stranger": (world, draw) =>
    hashedAgain(world, draw, (path) => isTile(path) || path === "checkpoint"),
  "hashed again, the old signature below a new root": (world, draw) => {
    const changed = rewritten(world, draw);
    if (sameRecords(changed, world)) return undefined;
    const forged = new Map(forge(changed, KEY));
    const text = (from: Files, part: number): string =>
      (from.get("checkpoint") ?? KEEP).toString("utf8").split("\n\n")[part] ?? "";
    forged.set("checkpoint", Buffer.from(`${text(forged, 0)}\n\n${text(world.files, 1)}`));
    return changeTo(world.files, forged, (path) => isTile(path) || path === "checkpoint");
  },
  "rebuilt by another key": (world, draw) => changeTo(world.files, forge(rewritten(world, draw), newKey())),
  "rebuilt by another key, nothing altered": ({ files, records: all, size }) =>
    changeTo(files, forge(all.slice(0, size), newKey())),
  "rebuilt by the stolen key": (world, draw) => {
    const changed = rewritten(world, draw);
    return sameRecords(changed, world) ? undefined : changeTo(world.files, forge(changed, world.key));
  },
  "rebuilt by the stolen key, and gone on": (world, draw) => {
    const changed = rewritten(world, draw);
    if (sameRecords(changed, world)) return undefined;
    const more = Array.from({ length: 1 + draw.nat(30) }, (_, i) =>
      spelled({ ...parsed(world.records[0] ?? KEEP), index: changed.length + i }),
    );
    return changeTo(world.files, forge([...changed, ...more], world.key));
  },
  "rebuilt by the stolen key, shorter": ({ files, records: all, size, key }, draw) =>
    changeTo(files, forge(all.slice(0, draw.nat(size)), key)),
};

function hashedAgain(world: World, draw: Draw, which: (path: string) => boolean): Change | undefined {
  const changed = rewritten(world, draw);
  return sameRecords(changed, world) ? undefined : changeTo(world.files, forge(changed, KEY), which);
}

/** The same history gives the same ledger, but for partial tiles that later ones stand for. */
function sameRecords(changed: readonly Buffer[], { records: all, size }: World): boolean {
  return changed.length === size && changed.every((record, i) => record.equals(all[i] ?? KEEP));
}

const fileWays: Record<string, Way> = {
  "rolled back": ({ files, older }, { pick }) => changeTo(files, pick(older)),
  "all but the journal rolled back": ({ files, older }, { pick }) =>
    changeTo(files, pick(older), (path) => !path.startsWith("journal")),
  "tiles rolled back": ({ files, older }, { pick }) => changeTo(files, pick(older), isTile),
  "the journal rolled back": ({ files, older }, { pick }) =>
    changeTo(files, pick(older), (path) => path.startsWith("journal")),
  "the checkpoint rolled back": ({ files, older }, { pick }) =>
    changeTo(files, pick(older), (path) => path === "checkpoint"),
  "a file of another ledger": (world, { pick }) => {
    const path = pick([...world.other.keys()]);
    return single(path, world.other.get(path) ?? "nothing", world);
  },
  "a file for another one": (world, { pick }) => {
    const [path, from] = [pick([...world.files.keys()]), pick([...world.files.keys()])];
    return single(path, world.files.get(from) ?? "nothing", world);
  },
  "a file gone": (world, { pick }) => {
    const needed = [...world.files.keys()].filter((path) => isNeeded(path, world));
    return single(pick(needed), "nothing", world);
  },
  "a folder gone": (world, { pick }) =>
    single(
      pick(["journal", "tile", "tile/0", "tile/entries", ...(world.size < 256 ? [] : ["tile/1"])]),
      "nothing",
      world,
    ),
  "everything gone": ({ files }) => new Map([...files.keys()].map((path) => [path, "nothing"])),
  "a link for a file": (world, { pick }) => {
    const [path, from] = [pick([...world.files.keys()]), pick([...world.files.keys()])];
    return single(path, { linkTo: pick([`${world.twin}/${path}`, `${world.dir}/${from}`, "/dev/null"]) }, world);
  },
  "a link for a folder": (world, { pick }) => {
    const path = pick(["journal", "tile", "tile/0", "tile/entries"]);
    return single(path, { linkTo: `${world.twin}/${path}` }, world);
  },
  "a file for a folder": (world, { pick }) => single(pick(["journal", "tile", "tile/0"]), KEEP, world),
};

/** A partial tile may go once a later one is there. */
function isNeeded(path: string, { size }: World): boolean {
  const [, level, , width] = /^tile\/(entries|[0-9]+)\/(.*)\.p\/([0-9]+)$/.exec(path) ?? [];
  if (width === undefined) return true;
  const hashes = level === "entries" ? size : Math.floor(size / TILE_WIDTH ** Number(level));
  return Number(width) === hashes % TILE_WIDTH;
}

/**
 * Ways that may take nothing away: a journal's end that is gone looks as a crash leaves it, and tiles or a checkpoint that
 * are older than the journal are a publication that did not finish. All that was kept elsewhere has to be there then.
 */
export function isMaybeUnfinished(name: string, change: Change): boolean {
  if (name === "all but the journal rolled back") return true;
  return change.size > 0 && [...change.keys()].every((path) => path.startsWith("journal/") || path === "checkpoint");
}

export const WAYS: ReadonlyMap<string, Way> = new Map([
  ...bytesWays,
  ...recordWays,
  ...Object.entries(forgedWays),
  ...Object.entries(fileWays),
]);
