/**
 * The first thing that a TLS client says, read as far as the server name.
 *
 * A tunnel is opened for one host; what goes through it must be TLS that asks
 * for that host. Anything else would be a way to speak freely to whatever
 * listens on that address, with methods that no rule allows.
 *
 * BUG(fronting): in a tunnel that is passed through, what is inside the
 * encryption cannot be seen. A server that serves several names on one address
 * may be asked for another of them there (by `Host`, by a second hello, or by an
 * encrypted one). Leave out `tls: passthrough`, or list methods or paths, and
 * the proxy looks inside (`inspect.ts`).
 *
 * @see RFC 8446, 4.1.2 and 5.1; RFC 6066, 3
 * @module
 */

export type Hello =
  | { readonly kind: "more" }
  /** `serverName` is null where the client names none, as for a literal address. */
  | { readonly kind: "hello"; readonly serverName: string | null }
  | { readonly kind: "refused"; readonly why: string };

/** Real ones are under 3 KiB, also with post-quantum key shares. */
export const HELLO_LIMIT = 16 * 1024;

/** Real ones use one or two; many small ones only cost time to put together. */
const RECORDS_LIMIT = 64;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const NAME = /^[a-z0-9_.-]{1,255}$/;

class Malformed extends Error {}

export function readClientHello(bytes: Buffer): Hello {
  try {
    const message = handshake(bytes);
    if (message !== null) return { kind: "hello", serverName: serverName(message) };
    return bytes.length < HELLO_LIMIT ? { kind: "more" } : { kind: "refused", why: "its first message is too long" };
  } catch (error) {
    if (error instanceof Malformed) return { kind: "refused", why: error.message };
    throw error;
  }
}

/** The body of the first handshake message, put together from its records; null where more must come. */
function handshake(bytes: Buffer): Buffer | null {
  let message = Buffer.alloc(0);
  let rest = bytes;
  for (let records = 0; rest.length > 0; records++) {
    if (records === RECORDS_LIMIT) throw new Malformed("its TLS hello is cut into too many pieces");
    const record = recordBody(rest);
    if (record === null) return null;
    message = Buffer.concat([message, record]);
    if (message[0] !== undefined && message[0] !== CLIENT_HELLO)
      throw new Malformed("it does not begin with a TLS hello");
    const end = message.length < 4 ? Infinity : 4 + message.readUIntBE(1, 3);
    if (Number.isFinite(end) && end > HELLO_LIMIT) throw new Malformed("its first message is too long");
    if (message.length >= end) return message.subarray(4, end);
    rest = rest.subarray(5 + record.length);
  }
  return null;
}

/** What a handshake record holds, as far as it came; null where not even its head did. */
function recordBody(bytes: Buffer): Buffer | null {
  if (bytes[0] !== HANDSHAKE || (bytes[1] ?? 3) !== 3) throw new Malformed("it does not speak TLS");
  if (bytes.length < 5) return null;
  const length = bytes.readUInt16BE(3);
  if (length === 0 || length > 16_384) throw new Malformed("it does not speak TLS");
  return bytes.subarray(5, 5 + length);
}

function serverName(hello: Buffer): string | null {
  const body = reader(hello);
  body.take(2 + 32);
  body.block(1);
  body.block(2);
  body.block(1);
  if (body.empty()) return null;
  const extensions = reader(body.block(2));
  if (!body.empty()) throw new Malformed("its TLS hello has something after its end");
  let found: string | null = null;
  while (!extensions.empty()) {
    const type = extensions.number(2);
    const data = extensions.block(2);
    if (type !== SERVER_NAME) continue;
    if (found !== null) throw new Malformed("its TLS hello names a server twice");
    found = oneName(data);
  }
  return found;
}

function oneName(data: Buffer): string {
  const outer = reader(data);
  const list = reader(outer.block(2));
  const type = list.number(1);
  const name = list.block(2).toString("latin1").toLowerCase();
  if (type !== 0 || !list.empty() || !outer.empty() || !NAME.test(name)) {
    throw new Malformed("its TLS hello names no single server");
  }
  return name;
}

function reader(bytes: Buffer) {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw new Malformed("its TLS hello is cut short");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const number = (size: number): number => take(size).readUIntBE(0, size);
  return { take, number, block: (size: number): Buffer => take(number(size)), empty: () => at === bytes.length };
}
