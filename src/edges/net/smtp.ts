/**
 * One e-mail to one server: SMTP with STARTTLS or TLS, and a login where one
 * is configured. A server that does not do what is asked of it is refused:
 * there is no falling back to a connection in clear.
 *
 * Everything that stands in a header was checked for line breaks before; the
 * body goes in base 64, so nothing in it can end the message.
 *
 * @see RFC 5321, RFC 3207, RFC 4954, RFC 2047
 * @module
 */
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Fault } from "../../core/fault.ts";

export type MailServer = {
  readonly host: string;
  readonly port: number;
  /** `none` is for a server on this machine. */
  readonly tls: "implicit" | "starttls" | "none";
  readonly login?: { readonly user: string; readonly password: string };
  /** Certificates to trust beside none of the system's; for a server with its own authority. */
  readonly ca?: string;
};

export type Mail = { readonly from: string; readonly to: string; readonly subject: string; readonly text: string };

const LINE_BYTES = 4_096;
const CONNECT_MS = 10_000;

/** Resolves when the server took it. @throws Fault ALERT_UNDELIVERED, with what the server said. */
export async function sendMail(server: MailServer, mail: Mail, signal: AbortSignal): Promise<void> {
  for (const word of [mail.from, mail.to])
    if (/[\s<>\0]/.test(word)) throw refused(`\`${word.slice(0, 80)}\` is not an address`);
  let talk = talkOver(await open(server), signal);
  try {
    await talk.expect(220);
    let offers = await hello(talk);
    if (server.tls === "starttls") {
      if (!offers.some((line) => line.toUpperCase().startsWith("STARTTLS")))
        throw refused("the server offers no TLS, and nothing is sent in clear");
      await talk.say("STARTTLS", 220);
      talk = talkOver(await upgrade(talk.leave(), server), signal);
      offers = await hello(talk);
    }
    if (server.login !== undefined) await logIn(talk, server.login, offers);
    await talk.say(`MAIL FROM:<${mail.from}>`, 250);
    await talk.say(`RCPT TO:<${mail.to}>`, 250, 251);
    await talk.say("DATA", 354);
    await talk.say(`${letter(mail)}\r\n.`, 250);
    await talk.say("QUIT", 221).catch(() => undefined); // it has taken the letter; how it says goodbye is its affair
  } finally {
    talk.leave().destroy();
  }
}

async function hello(talk: Talk): Promise<readonly string[]> {
  const [, ...offers] = await talk.say("EHLO localhost", 250);
  return offers;
}

async function logIn(
  talk: Talk,
  { user, password }: { user: string; password: string },
  offers: readonly string[],
): Promise<void> {
  const kinds = offers.find((line) => /^AUTH[ =]/i.test(line))?.toUpperCase() ?? "";
  if (kinds.includes("PLAIN")) {
    await talk.say(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString("base64")}`, 235);
    return;
  }
  if (!kinds.includes("LOGIN")) throw refused("the server offers no login that is known here (PLAIN, LOGIN)");
  await talk.say("AUTH LOGIN", 334);
  await talk.say(Buffer.from(user).toString("base64"), 334);
  await talk.say(Buffer.from(password).toString("base64"), 235);
}

function letter({ from, to, subject, text }: Mail): string {
  const body = Buffer.from(text, "utf8").toString("base64");
  return [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: ${encodedWords(subject)}`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "Auto-Submitted: auto-generated",
    "",
    ...(body.match(/.{1,76}/g) ?? []),
  ].join("\r\n");
}

/** Pieces of at most 75 characters, cut between letters. */
function encodedWords(text: string): string {
  const words: string[] = [];
  let piece = "";
  for (const sign of text.replaceAll(/\s+/g, " ")) {
    if (Buffer.byteLength(piece + sign) > 42) {
      words.push(piece);
      piece = "";
    }
    piece += sign;
  }
  return [...words, piece].map((word) => `=?utf-8?B?${Buffer.from(word).toString("base64")}?=`).join("\r\n ");
}

type Talk = {
  /** Says a line and waits for an answer with one of these codes. */
  say(line: string, ...codes: readonly number[]): Promise<readonly string[]>;
  expect(...codes: readonly number[]): Promise<readonly string[]>;
  /** The bare socket; this talk is over. */
  leave(): Socket;
};

function talkOver(socket: Socket, signal: AbortSignal): Talk {
  let held = "";
  let waiting: PromiseWithResolvers<readonly string[]> | undefined;
  let broken: Error | undefined;
  const fail = (error: Error): void => {
    broken ??= error;
    waiting?.reject(broken);
  };
  const read = (piece: Buffer): void => {
    held += piece.toString("latin1");
    if (held.length > LINE_BYTES * 16) return fail(refused("the server says more than anybody needs to"));
    const answer = wholeAnswer(held);
    if (answer === undefined || waiting === undefined) return;
    held = "";
    waiting.resolve(answer);
  };
  const gone = (): void => fail(refused("the server closed the connection"));
  const abort = (): void => fail(refused("no answer in time"));
  socket
    .on("data", read)
    .on("error", () => gone())
    .on("close", gone);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });

  const expect = async (...codes: readonly number[]): Promise<readonly string[]> => {
    if (broken !== undefined) throw broken;
    waiting = Promise.withResolvers();
    const early = wholeAnswer(held);
    if (early !== undefined) {
      held = "";
      waiting.resolve(early);
    }
    const lines = await waiting.promise;
    const code = Number(lines[0]?.slice(0, 3));
    if (!codes.includes(code)) throw refused(`the server said: ${(lines[0] ?? "").slice(0, 200)}`);
    return lines.map((line) => line.slice(4));
  };
  return {
    expect,
    say: (line, ...codes) => {
      socket.write(`${line}\r\n`);
      return expect(...codes);
    },
    leave() {
      socket.removeListener("data", read);
      socket.removeListener("close", gone);
      signal.removeEventListener("abort", abort);
      return socket;
    },
  };
}

/** All lines of one answer, when its last (`250 …`, not `250-…`) is there. */
function wholeAnswer(text: string): readonly string[] | undefined {
  if (!text.endsWith("\n")) return undefined;
  const lines = text.trimEnd().split(/\r?\n/);
  return /^\d{3}(?: |$)/.test(lines.at(-1) ?? "") ? lines : undefined;
}

async function open({ host, port, tls, ca }: MailServer): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket =
    tls === "implicit"
      ? connectTls({ host, port, ...name, ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" }, () =>
          resolve(socket),
        )
      : connectPlain({ host, port }, () => resolve(socket));
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("not connected in time")));
  socket.once("error", (error) => reject(refused(`${host}:${port} was not reached: ${error.message}`)));
  const connected = await promise;
  connected.setTimeout(0);
  return connected;
}

async function upgrade(socket: Socket, { host, ca }: MailServer): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const name = isIP(host) === 0 ? { servername: host } : {};
  const secured = connectTls(
    { socket, host, ...name, ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" },
    () => resolve(secured),
  );
  secured.once("error", (error) => reject(refused(`no TLS with ${host}: ${error.message}`)));
  return promise;
}

function refused(message: string): Fault {
  return new Fault("ALERT_UNDELIVERED", {
    message: `the e-mail was not taken: ${message}`,
    hint: "look at `alerts.email` in the configuration, then `vambrace alerts test NAME`",
  });
}
