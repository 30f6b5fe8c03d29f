/**
 * Alerts of a whole gateway: from what happened to who is told, over real
 * connections on loopback; and what rules do.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createServer as createSecure, TLSSocket } from "node:tls";
import { isObject, type JsonObject } from "../src/core/json.ts";
import { sendMail } from "../src/edges/net/smtp.ts";
import { call } from "./campaign.ts";
import { certificateFor, serveHttp, temporaryFolder, until } from "./egress-support.ts";
import { answering, callerOf, get, type Kit, post, say, startKit } from "./gateway-kit.ts";

const CERTIFICATE = certificateFor("localhost");

type Taken = { readonly headers: Readonly<Record<string, unknown>>; readonly body: string };

/** A receiver of webhooks that keeps what it takes. */
async function receiver(
  t: TestContext,
  status: () => number = () => 200,
): Promise<{ readonly port: number; readonly taken: Taken[] }> {
  const taken: Taken[] = [];
  const port = await serveHttp(t, (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      taken.push({ headers: request.headers, body });
      response.writeHead(status()).end();
    });
  });
  return { port, taken };
}

type Post = { readonly port: number; readonly mails: string[]; readonly lines: string[] };

/** A small SMTP server of its own; `offers` are its EHLO lines. */
async function postOffice(
  t: TestContext,
  how: {
    readonly offers?: readonly string[];
    readonly refuse?: RegExp;
    readonly stall?: RegExp;
    readonly implicit?: boolean;
  } = {},
): Promise<Post> {
  const mails: string[] = [];
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const offers = how.offers ?? ["STARTTLS", "AUTH PLAIN LOGIN"];
  const serve = (plain: Socket): void => {
    let socket = plain;
    let data: string | undefined;
    let held = "";
    const say = (text: string): void => void socket.write(`${text}\r\n`);
    const onLine = (line: string): void => {
      if (data !== undefined) {
        if (line !== ".") return void (data += `${line}\n`);
        mails.push(data);
        data = undefined;
        return say("250 taken");
      }
      lines.push(line);
      if (how.stall?.test(line) === true) return;
      if (how.refuse?.test(line) === true) return say("550 no such box here");
      if (line.startsWith("EHLO"))
        return socket.write(
          ["mail.example", ...offers].map((one, i, all) => `250${i === all.length - 1 ? " " : "-"}${one}\r\n`).join(""),
        )
          ? undefined
          : undefined;
      if (line === "STARTTLS") {
        say("220 go ahead");
        socket.removeAllListeners("data");
        socket = new TLSSocket(plain, { isServer: true, key: CERTIFICATE.key, cert: CERTIFICATE.cert });
        socket.on("data", onData).on("error", () => undefined);
        return;
      }
      if (line.startsWith("AUTH")) return say("235 welcome");
      if (line === "DATA") {
        data = "";
        return say("354 go on");
      }
      say(line === "QUIT" ? "221 bye" : "250 ok");
    };
    const onData = (piece: Buffer): void => {
      held += piece.toString("utf8");
      for (let end = held.indexOf("\r\n"); end >= 0; end = held.indexOf("\r\n")) {
        const line = held.slice(0, end);
        held = held.slice(end + 2);
        onLine(line);
      }
    };
    sockets.add(plain);
    plain.on("error", () => undefined).on("data", onData);
    say("220 mail.example ready");
  };
  const server =
    how.implicit === true ? createSecure({ key: CERTIFICATE.key, cert: CERTIFICATE.cert }, serve) : createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, mails, lines };
}

const MAIL = { from: "vambrace@example.com", to: "ana@example.com", subject: "größer\nBcc: x", text: "one\n.\ntwo" };
const never = (): AbortSignal => AbortSignal.timeout(5_000);

test("R-ALERT-1: an e-mail goes over STARTTLS with a login, and nothing in it ends it early", async (t) => {
  const { port, mails, lines } = await postOffice(t);
  const login = { user: "v", password: "mail-password-1" };
  await sendMail({ host: "localhost", port, tls: "starttls", login, ca: CERTIFICATE.cert }, MAIL, never());
  const [mail = ""] = mails;
  assert.ok(!/^Bcc/m.test(mail));
  assert.equal(Buffer.from(mail.split("\n\n")[1] ?? "", "base64").toString(), MAIL.text);
  assert.equal(lines.indexOf("STARTTLS") < lines.findIndex((line) => line.startsWith("AUTH")), true);
  assert.equal(mails.length, 1);
});

test("R-ALERT-1: an e-mail goes over TLS from the start", async (t) => {
  const { port, mails } = await postOffice(t, { implicit: true });
  await sendMail({ host: "localhost", port, tls: "implicit", ca: CERTIFICATE.cert }, MAIL, never());
  assert.equal(mails.length, 1);
});

test("R-ALERT-1: a mail server without TLS, with another's certificate, that refuses or says nothing, gets no alert and no password", async (t) => {
  const bare = await postOffice(t, { offers: ["AUTH PLAIN"] });
  const login = { user: "v", password: "mail-password-1" };
  await assert.rejects(
    sendMail({ host: "127.0.0.1", port: bare.port, tls: "starttls", login }, MAIL, never()),
    /offers no TLS/,
  );
  assert.ok(!bare.lines.some((line) => line.startsWith("AUTH") || line.startsWith("MAIL")));
  const other = await postOffice(t);
  await assert.rejects(
    sendMail({ host: "127.0.0.1", port: other.port, tls: "starttls", login }, MAIL, never()),
    /no TLS/,
  );
  assert.ok(!other.lines.some((line) => line.startsWith("MAIL")));
  const refusing = await postOffice(t, { refuse: /^RCPT/ });
  await assert.rejects(sendMail({ host: "127.0.0.1", port: refusing.port, tls: "none" }, MAIL, never()), /no such box/);
  const stalling = await postOffice(t, { stall: /^DATA/ });
  await assert.rejects(
    sendMail({ host: "127.0.0.1", port: stalling.port, tls: "none" }, MAIL, AbortSignal.timeout(200)),
    /no answer in time/,
  );
  await assert.rejects(
    sendMail({ host: "127.0.0.1", port: refusing.port, tls: "none" }, { ...MAIL, to: "a@b>\r\nRCPT TO:<x@y" }, never()),
    /not an address/,
  );
});

const AIOSMTPD = "/usr/bin/aiosmtpd";

test("R-ALERT-1: another implementation of SMTP takes it, over STARTTLS", {
  skip: existsSync(AIOSMTPD) ? false : "aiosmtpd is not installed",
}, async (t) => {
  const folder = temporaryFolder(t);
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(cert, CERTIFICATE.cert);
  writeFileSync(key, CERTIFICATE.key);
  const port = await freePort();
  const child = spawn(
    AIOSMTPD,
    [
      "-n",
      "-l",
      `127.0.0.1:${port}`,
      "--tlscert",
      cert,
      "--tlskey",
      key,
      "-c",
      "aiosmtpd.handlers.Debugging",
      "stdout",
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  t.after(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  child.stderr.resume();
  await until(() => true);
  const server = { host: "localhost", port, tls: "starttls", ca: CERTIFICATE.cert } as const;
  for (let tries = 0; ; tries++) {
    try {
      await sendMail(server, MAIL, never());
      break;
    } catch (thrown) {
      if (tries > 100) throw thrown;
      await pause(100);
    }
  }
  for (let i = 0; i < 100 && !said.includes("END MESSAGE"); i++) await pause(50);
  assert.match(said, /Subject: =\?utf-8\?B\?/);
  assert.match(said, new RegExp(Buffer.from(MAIL.text).toString("base64")));
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

const SECRET = "hook-secret-value-0123456789";

async function kitWith(t: TestContext, alerts: JsonObject, env: Readonly<Record<string, string>> = {}): Promise<Kit> {
  const kit = await startKit((place) => {
    Object.assign(place.env, env);
    return { alerts };
  });
  t.after(() => kit.close());
  return kit;
}

const alertsOf = async (kit: Kit): Promise<JsonObject> => (await get(kit, "/api/alerts")).body;

async function failLogin(kit: Kit): Promise<void> {
  await call(kit.served().url, `vmb_${"0123456789abcdef".repeat(3)}`, "/api/status");
}

test("R-ALERT-1 R-GATE-5: failed logins reach a signed webhook, Slack, an e-mail and the owner's page; no receiver sees a secret", async (t) => {
  const [hook, slack, office] = [await receiver(t), await receiver(t), await postOffice(t, { offers: [] })];
  const kit = await kitWith(
    t,
    {
      rules: [
        {
          name: "Failed Login Attempts",
          condition: "failed_auth > 2 in 5m",
          action: "webhook siem, slack #security, email ana@example.com, operator",
        },
      ],
      email: { host: "127.0.0.1", port: office.port, tls: "none", from: "vambrace@example.com" },
      slack: { security: { webhook: "${SLACK_HOOK}" } },
      webhooks: { siem: { url: `http://127.0.0.1:${hook.port}/in`, secret: "${HOOK_SECRET}" } },
    },
    { SLACK_HOOK: `http://127.0.0.1:${slack.port}/services/T0/B0/xyzxyzxyz`, HOOK_SECRET: SECRET },
  );
  const notices: string[] = [];
  const leaving = new AbortController();
  t.after(() => leaving.abort());
  for (let i = 0; i < 3; i++) await failLogin(kit);
  await until(() => hook.taken.length > 0 && slack.taken.length > 0 && office.mails.length > 0);
  // Nobody watched when it came: it is told to whoever watches next.
  kit
    .served()
    .wired.gateway.watch(callerOf(), (event) => event.type === "notice" && notices.push(event.text), leaving.signal);
  await until(() => notices.length > 0);
  const [taken] = hook.taken;
  const [, seconds = "", signature = ""] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(taken?.headers["x-vambrace-signature"])) ?? [];
  assert.equal(signature, createHmac("sha256", SECRET).update(`${seconds}.${taken?.body}`).digest("hex"));
  assert.match(notices[0] ?? "", /Failed Login Attempts/);
  assert.deepEqual(await kit.served().wired.gateway.sessions(callerOf()), [], "it begins no conversation");
  assert.match(JSON.parse(slack.taken[0]?.body ?? "{}").text, /Failed Login Attempts/);
  for (const text of [taken?.body ?? "", slack.taken[0]?.body ?? "", office.mails[0] ?? ""])
    assert.ok(!text.includes(SECRET));
  const raised = await kit.served().wired.helpers.ledger.search({ kind: "alert" });
  assert.ok(raised.some((entry) => entry.what === "alert.raised" && entry.target === "Failed Login Attempts"));
});

test("R-ALERT-1: a rule that freezes ends the session that it is about, and no other", async (t) => {
  const kit = await kitWith(t, {
    rules: [{ name: "blocked", condition: "blocked_paths > 0 in 1m by session", action: "freeze" }],
  });
  kit.plays.set("bad", [
    { calls: [{ tool: "read", arguments: { path: "/etc/shadow" } }] },
    { calls: [{ tool: "list", arguments: { path: "." } }] },
  ]);
  const other = callerOf({ channel: "webchat" });
  await say(kit, "hello", other);
  await say(kit, "play bad");
  const { gateway, helpers } = kit.served().wired;
  await until(() => true);
  for (let i = 0; i < 100 && (await gateway.status()).watch.frozen.length === 0; i++) await pause(20);
  await assert.rejects(say(kit, "go on"), /frozen/);
  await say(kit, "hello again", other);
  const acted = await helpers.ledger.search({ kind: "alert", target: "freeze" });
  assert.equal(acted[0]?.result, "ok");
  const { session = "", by, why } = (await gateway.status()).watch.frozen[0] ?? {};
  // Whoever comes next sees which one, and by what.
  assert.deepEqual([by, why], ["alerts", "the alert blocked"]);
  // It stays frozen across a restart, until somebody lets it go.
  await kit.restart();
  await assert.rejects(say(kit, "go on"), /frozen/);
  assert.equal((await post(kit, "/api/thaw", { session })).body["was"], true);
  await say(kit, "go on");
});

test("R-ALERT-1 R-IR-1: a rule that stops halts everything", async (t) => {
  const kit = await kitWith(t, { rules: [{ name: "guard", condition: "failed_auth > 1 in 5m", action: "stop" }] });
  await failLogin(kit);
  await say(kit, "hello");
  await failLogin(kit);
  for (let i = 0; i < 100 && !(await kit.served().wired.gateway.status()).halted; i++) await pause(20);
  await assert.rejects(say(kit, "hello"), /stopped/);
  const [stop] = await kit.served().wired.helpers.ledger.search({ kind: "stop" });
  assert.equal(stop?.who, "alerts");
});

test("R-ALERT-1: what lay in a window when the gateway ended counts after the restart", async (t) => {
  const kit = await kitWith(t, { rules: [{ name: "guesses", condition: "failed_auth > 3 in 5m", action: "record" }] });
  await failLogin(kit);
  await failLogin(kit);
  await kit.restart();
  await failLogin(kit);
  assert.deepEqual((await alertsOf(kit))["recent"], []);
  await failLogin(kit);
  for (let i = 0; i < 100 && JSON.stringify((await alertsOf(kit))["recent"]) === "[]"; i++) await pause(20);
  const [raised] = [(await alertsOf(kit))["recent"]].flat();
  assert.ok(isObject(raised ?? null) && (raised as JsonObject)["rule"] === "guesses");
});

test("R-ALERT-1: a receiver that answers errors holds nothing up, and what it did not take is shown", async (t) => {
  const hook = await receiver(t, () => 500);
  const kit = await kitWith(
    t,
    {
      rules: [{ name: "calls", condition: "tool_calls > 0 in 1m", action: "webhook siem" }],
      webhooks: { siem: { url: `http://127.0.0.1:${hook.port}/in`, secret: "${HOOK_SECRET}" } },
    },
    { HOOK_SECRET: SECRET },
  );
  kit.plays.set("list", [{ calls: [{ tool: "list", arguments: { path: "." } }] }]);
  assert.deepEqual((await say(kit, "play list")).decided, ["list: allow"]);
  const { body } = await post(kit, "/api/alerts/test", { rule: "calls" });
  assert.match(JSON.stringify(body), /answered 500/);
  await kit.restart();
  const undelivered = await kit.served().wired.helpers.ledger.search({ kind: "alert", target: "webhook siem" });
  assert.equal(undelivered[0]?.what, "alert.undelivered");
});

test("R-ALERT-1: silencing needs the permission, is recorded, and holds across a restart", async (t) => {
  const kit = await kitWith(t, { rules: [{ name: "calls", condition: "tool_calls > 0 in 1m", action: "operator" }] });
  const untilMs = Date.now() + 3_600_000;
  assert.equal((await post(kit, "/api/alerts/silence", { rule: "cals", untilMs, why: "" })).status, 404);
  assert.equal((await post(kit, "/api/alerts/silence", { rule: "calls", untilMs, why: "tests" })).status, 200);
  const weak = (
    await kit.served().wired.gateway.tokens.create(callerOf(), { name: "reader", permissions: ["read_log"] })
  ).token;
  assert.equal((await post(kit, "/api/alerts/silence", { rule: "calls", untilMs, why: "" }, weak)).status, 403);
  assert.equal((await get(kit, "/api/alerts", weak)).status, 403);
  await kit.restart();
  assert.deepEqual((await kit.served().wired.gateway.status()).watch.alerts.silent, ["calls"]);
  const recorded = await kit.served().wired.helpers.ledger.search({ kind: "alert", target: "calls" });
  assert.equal(recorded[0]?.what, "alert.silenced");
});

test("R-ALERT-2: a sandbox that loses its proof and a helper that is lost are recorded", async (t) => {
  const kit = await kitWith(t, {});
  const asked = new AbortController();
  t.after(() => asked.abort());
  answering(kit, "no", asked.signal);
  const { helpers } = kit.served().wired;
  for (let i = 0; i < 200 && (await helpers.ledger.search({ kind: "gateway", target: "sandbox" })).length === 0; i++)
    await pause(20);
  assert.equal((await helpers.ledger.search({ kind: "gateway", target: "sandbox" }))[0]?.what, "sandbox.proved");
  const egress = helpers.pids()[2] ?? -1;
  process.kill(egress, "SIGKILL");
  for (let i = 0; i < 300 && (await helpers.ledger.search({ kind: "gateway", target: "egress proxy" })).length < 2; i++)
    await pause(20);
  const whats = (await helpers.ledger.search({ kind: "gateway", target: "egress proxy" })).map((entry) => entry.what);
  assert.deepEqual(whats, ["helper.back", "helper.lost"]);
});
