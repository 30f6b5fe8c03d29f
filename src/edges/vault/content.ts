/**
 * What is in the vault, and the changes that can be made to it. Pure: whoever
 * opened it hands the content in, and seals what comes out.
 *
 * A value that was replaced or revoked stays among the retired: nothing uses
 * it any more, and the filter of what leaves knows it all the same.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../../core/fault.ts";

const value = z.string().min(1).max(65_536);
const kept = z.strictObject({ value, setMs: z.number() });

const CONTENT = z.strictObject({
  format: z.literal("vambrace vault 1"),
  /** Grows with each change. */
  serial: z.int().min(0),
  secrets: z.record(z.string(), z.strictObject({ value, setMs: z.number(), previous: kept.optional() })),
  retired: z.array(z.strictObject({ name: z.string(), value, retiredMs: z.number() })),
  /**
   * Keys that the gateway made for itself, newest first. No reference names them, so they are given to no service, and
   * revoking secrets does not take them: what they sealed would be lost.
   */
  own: z.strictObject({ memory: z.array(kept).min(1).max(100) }).exactOptional(),
});

export type VaultContent = z.infer<typeof CONTENT>;

/** The newest that are kept to be recognised. */
const MOST_RETIRED = 500;
/** A shorter value could not be told from ordinary words, so it could not be kept from leaving. */
const SHORTEST = 8;

export const EMPTY: VaultContent = { format: "vambrace vault 1", serial: 0, secrets: {}, retired: [] };

/** @throws Fault SECRET_DAMAGED where it opened and holds something else. */
export function parseContent(text: string): VaultContent {
  try {
    return CONTENT.parse(JSON.parse(text));
  } catch {
    // Neither the text nor the parser's words about it, which quote it, go any further.
    throw new Fault("SECRET_DAMAGED", {
      message: "the vault opened, and what is in it is not a vault of this version",
      hint: "put the file back from a backup, or use the version of vambrace that wrote it",
    });
  }
}

export function contentText(content: VaultContent): string {
  return JSON.stringify(content);
}

/** @throws Fault SECRET_WEAK. The message says nothing of the value. */
export function checkValue(text: string): string {
  const weak = (why: string): Fault =>
    new Fault("SECRET_WEAK", {
      message: `the value cannot be kept: ${why}`,
      hint: "give the key as the service showed it, on standard input or when asked",
    });
  if (text.length < SHORTEST) throw weak(`it has fewer than ${SHORTEST} characters`);
  if (Buffer.byteLength(text) > 65_536) throw weak("it is longer than 64 KiB");
  if (!text.isWellFormed() || text.includes("\0")) throw weak("it is not text");
  return text;
}

export type Change = (content: VaultContent, nowMs: number) => VaultContent;

/** Makes a secret, or gives one that is there a new value at once. */
export function set(name: string, text: string): Change {
  return (content, nowMs) =>
    next(content, {
      secrets: { ...content.secrets, [name]: { value: text, setMs: nowMs } },
      retired: retire(content, name, text, nowMs),
    });
}

/**
 * A new value for a secret that is there.
 *
 * @param keepOld the old one can be brought back by `undo` until `confirm`.
 * @throws Fault SECRET_UNKNOWN; SECRET_WEAK where it is the old value again.
 */
export function rotate(name: string, text: string, keepOld: boolean): Change {
  return (content, nowMs) => {
    const now = need(content, name);
    if (now.value === text) {
      throw new Fault("SECRET_WEAK", {
        message: `\`${name}\` has this value already`,
        hint: "make a new key at the service, and give that",
      });
    }
    if (!keepOld) return set(name, text)(content, nowMs);
    const previous = now.previous ?? { value: now.value, setMs: now.setMs };
    const dropped = now.previous === undefined ? [] : [now.value];
    return next(content, {
      secrets: { ...content.secrets, [name]: { value: text, setMs: nowMs, previous } },
      retired: newest([...content.retired, ...dropped.map((value) => ({ name, value, retiredMs: nowMs }))]),
    });
  };
}

/** Lets the old value go. @throws Fault SECRET_UNKNOWN */
export function confirm(name: string): Change {
  return (content, nowMs) => {
    const { previous, ...now } = needOld(content, name);
    return next(content, {
      secrets: { ...content.secrets, [name]: now },
      retired: newest([...content.retired, { name, value: previous.value, retiredMs: nowMs }]),
    });
  };
}

/** Puts the old value back, and lets the new one go. @throws Fault SECRET_UNKNOWN */
export function undo(name: string): Change {
  return (content, nowMs) => {
    const { previous, value: dropped } = needOld(content, name);
    return next(content, {
      secrets: { ...content.secrets, [name]: previous },
      retired: newest([...content.retired, { name, value: dropped, retiredMs: nowMs }]),
    });
  };
}

/** Takes secrets out; names that are not there are passed over. */
export function remove(names: readonly string[]): Change {
  return (content, nowMs) => {
    const gone = new Set(names);
    const kept = Object.entries(content.secrets).filter(([name]) => !gone.has(name));
    const retired = Object.entries(content.secrets)
      .filter(([name]) => gone.has(name))
      .flatMap(([name, one]) => valuesOf(one).map((value) => ({ name, value, retiredMs: nowMs })));
    if (retired.length === 0) return content;
    return next(content, { secrets: Object.fromEntries(kept), retired: newest([...content.retired, ...retired]) });
  };
}

/** So many older keys are kept: an older copy of the store is opened with them. */
const MOST_OWN = 100;

/** A new key that seals memory; those before it go on opening what they sealed. */
export function renewMemoryKey(text: string): Change {
  return (content, nowMs) => {
    const memory = [{ value: text, setMs: nowMs }, ...memoryKeys(content)].slice(0, MOST_OWN);
    return { ...next(content, content), own: { memory } };
  };
}

/** Newest first; none where memory was never sealed. */
export function memoryKeys({ own }: VaultContent): NonNullable<VaultContent["own"]>["memory"] {
  return own?.memory ?? [];
}

/** Every value that must never leave: those that count, those that are kept, those that were retired. */
export function everyValue(content: VaultContent): readonly string[] {
  const now = Object.values(content.secrets).flatMap(valuesOf);
  const own = memoryKeys(content).map(({ value: key }) => key);
  return [...new Set([...now, ...content.retired.map(({ value: old }) => old), ...own])];
}

function valuesOf({ value: text, previous }: VaultContent["secrets"][string]): readonly string[] {
  return previous === undefined ? [text] : [text, previous.value];
}

function retire(content: VaultContent, name: string, text: string, nowMs: number): VaultContent["retired"] {
  const before = Object.hasOwn(content.secrets, name) ? content.secrets[name] : undefined;
  const old = before === undefined ? [] : valuesOf(before).filter((one) => one !== text);
  return newest([...content.retired, ...old.map((one) => ({ name, value: one, retiredMs: nowMs }))]);
}

function newest(retired: VaultContent["retired"]): VaultContent["retired"] {
  return retired.slice(-MOST_RETIRED);
}

function next(content: VaultContent, change: Pick<VaultContent, "secrets" | "retired">): VaultContent {
  return { ...content, ...change, serial: content.serial + 1 };
}

function need(content: VaultContent, name: string): VaultContent["secrets"][string] {
  const found = Object.hasOwn(content.secrets, name) ? content.secrets[name] : undefined;
  if (found !== undefined) return found;
  throw new Fault("SECRET_UNKNOWN", {
    message: `there is no secret \`vault:${name}\` in the vault`,
    hint: "`vambrace secrets list` shows those that there are; `vambrace secrets set` makes one",
  });
}

function needOld(
  content: VaultContent,
  name: string,
): VaultContent["secrets"][string] & { readonly previous: { readonly value: string; readonly setMs: number } } {
  const { previous, ...now } = need(content, name);
  if (previous !== undefined) return { ...now, previous };
  throw new Fault("SECRET_UNKNOWN", {
    message: `no old value of \`vault:${name}\` is kept`,
    hint: "an old value is kept by `vambrace secrets rotate NAME --keep-old`, until it is confirmed",
  });
}
