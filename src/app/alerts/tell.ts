/**
 * How alerts reach people: e-mail, Slack, a signed webhook, the owner's page
 * and terminal. Each ends with its signal.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import type { Net } from "../../core/ports/net.ts";
import type { AlertPorts, Letter, Told } from "../../ops/alerts/ports.ts";
import type { AlertSettings } from "../config/alerts.ts";

export type TellParts = {
  readonly settings: AlertSettings;
  /** The value behind a reference, as it is at that moment. */
  readonly secret: (reference: string, at: string) => string;
  readonly net: Net;
  /** To the owner, now or when he next looks. */
  readonly operator: (text: string) => Promise<void>;
  readonly wallMs: () => number;
};

export function createTell(parts: TellParts): AlertPorts["tell"] {
  return async (to, letter, signal) => {
    switch (to.kind) {
      case "email":
        return mail(parts, to.to, letter, signal);
      case "slack":
        return post(parts.net, slackPost(parts, to.name, letter), signal);
      case "webhook":
        return post(parts.net, signedPost(parts, to.name, letter), signal);
      case "operator":
        return parts.operator(letter.text);
    }
  };
}

async function mail({ settings, secret }: TellParts, to: string, letter: Letter, signal: AbortSignal): Promise<void> {
  if (settings.email === null) throw nowhere({ kind: "email", to });
  const { sendMail } = await import("../../edges/net/smtp.ts");
  const { from, login, ...server } = settings.email;
  const known =
    login === null ? {} : { login: { ...login, password: secret(login.password, "alerts.email.password") } };
  const { subject, text } = letter;
  await sendMail({ ...server, ...known }, { from, to, subject, text }, signal);
}

type Post = { readonly url: string; readonly body: string; readonly headers: Readonly<Record<string, string>> };

function slackPost({ settings, secret }: TellParts, name: string, { subject, text }: Letter): Post {
  const reference = settings.slack.get(name);
  if (reference === undefined) throw nowhere({ kind: "slack", name });
  const url = secret(reference, `alerts.slack.${name}.webhook`);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) throw noAddress(name);
  // Slack reads `<…>` as links and mentions, `<!channel>` among them.
  const clean = (part: string): string => part.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const fenced = clean(text).replaceAll("```", "'''");
  return { url, body: JSON.stringify({ text: `${clean(subject)}\n\`\`\`\n${fenced}\n\`\`\`` }), headers: {} };
}

/** `t` and `v1` of the header: the time in seconds, and HMAC-SHA256 of `TIME.BODY` with the shared secret. */
function signedPost({ settings, secret, wallMs }: TellParts, name: string, { subject, text, alerts }: Letter): Post {
  const hook = settings.webhooks.get(name);
  if (hook === undefined) throw nowhere({ kind: "webhook", name });
  const facts = alerts.slice(0, 100).map(({ rule, severity, condition, count, atMs, group, cause, isTest }) => ({
    rule,
    severity,
    condition,
    count,
    time: new Date(atMs).toISOString(),
    group,
    session: cause?.session ?? null,
    call: cause?.call ?? null,
    test: isTest,
  }));
  const body = JSON.stringify({ version: 1, subject, text, alerts: facts });
  const seconds = Math.floor(wallMs() / 1_000);
  const key = secret(hook.secret, `alerts.webhooks.${name}.secret`);
  const signature = createHmac("sha256", key).update(`${seconds}.${body}`).digest("hex");
  return { url: hook.url, body, headers: { "x-vambrace-signature": `t=${seconds},v1=${signature}` } };
}

async function post(net: Net, { url, body, headers }: Post, signal: AbortSignal): Promise<void> {
  const send = net.fetchFor({ kind: "origin", origin: new URL(url).origin });
  const answer = await send(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
    signal,
  });
  await answer.body?.cancel();
  // A redirect is not followed: what was told would go where nobody said.
  if (answer.status >= 200 && answer.status < 300) return;
  throw new Fault("ALERT_UNDELIVERED", {
    message: `${new URL(url).host} answered ${answer.status}`,
    hint: "look at its address and secret in the configuration, then `vambrace alerts test NAME`",
  });
}

function noAddress(name: string): Fault {
  return new Fault("ALERT_UNDELIVERED", {
    message: `the value of \`alerts.slack.${name}.webhook\` is not an address`,
    hint: "keep the whole address that Slack shows: https://hooks.slack.com/services/…",
  });
}

function nowhere(to: Told): Fault {
  return new Fault("ALERT_UNDELIVERED", {
    message: `there is no \`${to.kind}\` of that name`,
    hint: "the configuration names who can be told, under `alerts`",
  });
}
