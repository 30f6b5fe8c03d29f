/**
 * Answers: passed back as they come; where the call holds credentials, without
 * the values of those.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { decodersFor } from "../net/decode.ts";
import type { Exchange } from "./forward.ts";
import { failed } from "./reach.ts";
import { answerRefusal } from "./refusal.ts";
import { answerHeaders } from "./request.ts";
import type { Sent } from "./wallet.ts";

type Answer = { readonly answer: IncomingMessage; readonly address: string; readonly sent: Sent };

const NO_BODY: ReadonlySet<number> = new Set([204, 304]);
const PARTIAL = 206;

/** Never rejects. */
export async function relay(exchange: Exchange, { answer, address, sent }: Answer): Promise<void> {
  const { attempt, res, way } = exchange;
  const status = answer.statusCode ?? 502;
  const through = way.wallet.isEmpty ? AS_IT_IS : scrubbing(exchange, answer, sent);
  if (through === null) {
    const refusal = failed(
      sent.destination,
      "http_response_content_coding",
      "the answer cannot be looked through for credentials",
    );
    answer.destroy();
    answerRefusal(res, refusal);
    return attempt.end(refusal.why);
  }
  try {
    const hop = ["Proxy-Status", `vambrace; next-hop="${address}"`];
    res.writeHead(status, [...through.headers(answerHeaders(answer.rawHeaders)), ...hop]);
    const last: Readable = through.stages.at(-1) ?? answer;
    last.on("data", (chunk: Buffer) => attempt.spend("down", chunk.length));
    attempt.spend(
      "down",
      answer.rawHeaders.reduce((sum, text) => sum + text.length + 2, 0),
    );
    const stages: readonly (Readable | Transform | Writable)[] = [answer, ...through.stages, res];
    await pipeline(stages);
  } catch {
    // The client must not take a part for the whole.
    res.destroy();
    attempt.end("the answer broke off");
  }
}

type Through = {
  readonly headers: (raw: readonly string[]) => readonly string[];
  readonly stages: readonly Transform[];
};

const AS_IT_IS: Through = { headers: (raw) => raw, stages: [] };

/** Null where it is in a form that cannot be looked through: another coding than was asked for, or a part. */
function scrubbing({ way }: Exchange, answer: IncomingMessage, { destination }: Sent): Through | null {
  const { scrubber } = way.wallet;
  const isEmpty = destination.method === "HEAD" || NO_BODY.has(answer.statusCode ?? 0);
  const decoders = isEmpty ? [] : decodersFor(answer.headers["content-encoding"] ?? "");
  if (decoders === null || answer.statusCode === PARTIAL) return null;
  const gone = isEmpty ? [] : ["content-length", "content-encoding", "content-md5", "digest", "content-digest"];
  return {
    headers: (raw) => {
      const kept = raw.filter((_, i) => !gone.includes((raw[i - (i % 2)] ?? "").toLowerCase()));
      return kept.map((text) => scrubber.text(text));
    },
    stages: isEmpty ? [] : [...decoders, scrubber.stream()],
  };
}
