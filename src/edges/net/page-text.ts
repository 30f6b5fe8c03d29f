/**
 * Pages, as text that a model can read.
 *
 * HTML is taken apart in a worker thread of its own, which is ended at a
 * deadline: what strangers write can keep a parser busy for ever, or fill the
 * memory. Nothing in a page runs.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { PageReader, PageText } from "../../core/ports/net.ts";
import { errorCode } from "./address.ts";
import type { PageAnswer, PageWork } from "./page-worker.ts";

export type PageLimits = {
  readonly deadlineMs: number;
  /** Of the worker's heap, in MiB. */
  readonly memoryMb: number;
  /** Of HTML; larger pages are refused rather than cut in the middle of a tag. */
  readonly htmlBytes: number;
  /** Of the text that comes out, in UTF-16 units. */
  readonly textChars: number;
};

export const PAGE_LIMITS: PageLimits = {
  deadlineMs: 10_000,
  memoryMb: 256,
  htmlBytes: 5 * 1024 * 1024,
  textChars: 400_000,
};

type Kind = "html" | "text";

const HTML: ReadonlySet<string> = new Set(["text/html", "application/xhtml+xml"]);
const TEXT: ReadonlySet<string> = new Set(["application/json", "application/xml", "application/x-ndjson"]);
/** In development the worker is the source file; once built, it is what was built of it. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./page-worker.ts" : "./page-worker.js", import.meta.url);

export function createPageReader(deps: { readonly clock: Clock; readonly limits?: PageLimits }): PageReader {
  const limits = deps.limits ?? PAGE_LIMITS;
  return {
    async read({ body, contentType, url }, signal) {
      const kind = kindOf(contentType);
      if (kind === "html" && body.length > limits.htmlBytes)
        throw unreadable(`it is larger than ${limits.htmlBytes} bytes`);
      const text = decode(body, contentType, kind);
      if (kind === "text") return { title: null, ...cut(text, limits.textChars) };
      const work = { html: text, url, textChars: limits.textChars };
      const answer = await inWorker(work, { limits, clock: deps.clock, signal });
      if (answer.kind === "refused") throw unreadable(answer.why);
      return { title: answer.title, ...cut(answer.text, limits.textChars) };
    },
  };
}

function kindOf(contentType: string): Kind {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (HTML.has(type)) return "html";
  if (type.startsWith("text/") || TEXT.has(type) || /^application\/[a-z0-9.-]+\+(json|xml)$/.test(type)) return "text";
  if (type === "") throw unreadable("its server does not say what it is");
  throw unreadable(`\`${type.replace(/[^a-z0-9/.+-]/g, "?").slice(0, 80)}\` is not text`);
}

/** The encoding that the bytes, the server or the page itself say, in this order. */
function decode(body: Uint8Array, contentType: string, kind: Kind): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const head = kind === "html" ? bytes.toString("latin1", 0, 1024) : "";
  const said = /charset\s*=\s*["']?([\w:-]{1,40})/i;
  const name = markedEncoding(bytes) ?? said.exec(contentType)?.[1] ?? said.exec(head)?.[1] ?? "utf-8";
  let text: string;
  try {
    text = new TextDecoder(name).decode(bytes);
  } catch {
    text = new TextDecoder().decode(bytes);
  }
  if (text.includes("\0")) throw unreadable("it says that it is text and is not");
  return text;
}

function markedEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  return a === 0xff && b === 0xfe ? "utf-16le" : undefined;
}

function cut(text: string, limit: number): Pick<PageText, "text" | "truncated"> {
  return { text: text.slice(0, limit).toWellFormed(), truncated: text.length > limit };
}

async function inWorker(
  work: PageWork,
  { limits, clock, signal }: { readonly limits: PageLimits; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<PageAnswer> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<PageAnswer>();
  const worker = new Worker(WORKER, {
    workerData: work,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  worker.once("message", resolve);
  worker.once("error", (error) => {
    reject(
      unreadable(
        errorCode(error) === "ERR_WORKER_OUT_OF_MEMORY" ? "it needs too much memory" : "it cannot be taken apart",
      ),
    );
  });
  worker.once("exit", () => reject(unreadable("it cannot be taken apart")));
  const done = new AbortController();
  const late = (): void => reject(unreadable("reading it takes too long"));
  const timer = clock.sleep(limits.deadlineMs, done.signal).then(late, ignoreAbort);
  const stopped = (): void => reject(signal.reason);
  signal.addEventListener("abort", stopped, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stopped);
    done.abort();
    await Promise.all([timer, worker.terminate()]);
  }
}

/** The page was read before its time was up. */
function ignoreAbort(): void {}

function unreadable(why: string): Fault {
  return new Fault("WEB_UNREADABLE", {
    message: `the page cannot be read: ${why}`,
    hint: "fetch a page or document of text: HTML, plain text or JSON",
  });
}
