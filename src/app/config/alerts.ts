/**
 * The alerts part of the configuration, as the values that alerts go by; and
 * what has to fit together in it.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { MailServer } from "../../edges/net/smtp.ts";
import { type Action, parseActions } from "../../ops/alerts/actions.ts";
import { parseCondition } from "../../ops/alerts/condition.ts";
import { type Rule, SHIPPED_NAMES, shippedRules } from "../../ops/alerts/rules.ts";
import { CONFIG_NAME, type Path } from "./document.ts";
import { isLoopback } from "./hosts.ts";
import { expand, type Places } from "./places.ts";
import type { Config } from "./schema.ts";
import { readPlainText } from "../plain-file.ts";

/** Secrets stand as references: whoever sends one asks for its value at that moment. */
export type AlertSettings = {
  readonly rules: readonly Rule[];
  readonly email: (Omit<MailServer, "login"> & { readonly from: string; readonly login: Login | null }) | null;
  /** References to addresses that Slack made; whoever knows one may write there. */
  readonly slack: ReadonlyMap<string, string>;
  readonly webhooks: ReadonlyMap<string, { readonly url: string; readonly secret: string }>;
};

type Login = { readonly user: string; readonly password: string };

/** The configuration's own rules, and those that ship as it changed them. */
export function alertRules({ alerts }: Config): readonly Rule[] {
  const usual = parseActions(alerts.action);
  const shipped = shippedRules((severity) => (severity === "low" ? [{ kind: "record" }] : usual)).flatMap((rule) => {
    const change = alerts.builtIn[rule.name];
    if (change === undefined) return [rule];
    if (change.off) return [];
    const condition = change.condition === undefined ? rule.condition : parseCondition(change.condition);
    return [{ ...rule, condition, actions: change.action === undefined ? rule.actions : parseActions(change.action) }];
  });
  const own = alerts.rules.map(({ name, condition, action, severity, says }) => ({
    name,
    condition: parseCondition(condition),
    severity,
    actions: parseActions(action),
    explains: says ?? "A rule of your configuration.",
    isBuiltIn: false,
  }));
  return [...own, ...shipped];
}

/** @throws Fault CONFIG_UNSAFE for a certificate file that cannot be read. */
export function alertSettings(config: Config, places: Places): AlertSettings {
  const { email, slack, webhooks } = config.alerts;
  return {
    rules: alertRules(config),
    email: email === undefined ? null : mailServer(email, places),
    slack: new Map(Object.entries(slack).map(([name, { webhook }]) => [name, webhook])),
    webhooks: new Map(Object.entries(webhooks)),
  };
}

function mailServer(
  { host, port, tls, from, user, password, ca }: NonNullable<Config["alerts"]["email"]>,
  places: Places,
): NonNullable<AlertSettings["email"]> {
  const login = user === undefined || password === undefined ? null : { user, password };
  return { host, port, tls, from, login, ...(ca === undefined ? {} : { ca: readCertificates(expand(ca, places)) }) };
}

function readCertificates(path: string): string {
  try {
    return readPlainText(path);
  } catch (cause) {
    throw new Fault("CONFIG_UNSAFE", {
      message: `${CONFIG_NAME}: \`alerts.email.ca\` cannot be read: \`${path.slice(0, 200)}\``,
      hint: "name a file of certificates (PEM), or take the key out to trust the system's",
      cause,
    });
  }
}

type Refusal = { readonly path: Path; readonly says: string; readonly hint: string };

export function* checkAlerts({ alerts }: Config): Generator<Refusal> {
  yield* checkNames(alerts);
  for (const { path, action } of actionsIn(alerts)) yield* reachable(alerts, path, action);
  yield* checkMail(alerts);
}

function* checkNames(alerts: Config["alerts"]): Generator<Refusal> {
  for (const name of Object.keys(alerts.builtIn)) {
    if (SHIPPED_NAMES.includes(name)) continue;
    yield {
      path: ["alerts", "builtIn", name],
      says: "names no rule that ships",
      hint: didYouMean(name, SHIPPED_NAMES),
    };
  }
  const names = alerts.rules.map((rule) => rule.name);
  for (const [i, name] of names.entries()) {
    if (!SHIPPED_NAMES.includes(name) && names.indexOf(name) === i) continue;
    yield {
      path: ["alerts", "rules", i, "name"],
      says: "is the name of another rule",
      hint: "give it a name of its own",
    };
  }
}

function* checkMail(alerts: Config["alerts"]): Generator<Refusal> {
  if (alerts.email?.tls === "none" && !isLoopback(alerts.email.host)) {
    yield {
      path: ["alerts", "email", "tls"],
      says: "would send alerts and password in clear",
      hint: "write `tls: starttls` or `tls: implicit`; `none` is for a server on this machine",
    };
  }
  if ((alerts.email?.user === undefined) !== (alerts.email?.password === undefined)) {
    yield { path: ["alerts", "email"], says: "has a user or a password and not both", hint: "write both, or none" };
  }
}

function* actionsIn(alerts: Config["alerts"]): Generator<{ readonly path: Path; readonly action: Action }> {
  const all: (readonly [Path, string])[] = [
    [["alerts", "action"], alerts.action],
    ...alerts.rules.map(({ action }, i) => [["alerts", "rules", i, "action"], action] as const),
    ...Object.entries(alerts.builtIn).flatMap(([name, { action }]) =>
      action === undefined ? [] : [[["alerts", "builtIn", name, "action"], action] as const],
    ),
  ];
  for (const [path, text] of all) for (const action of parseActions(text)) yield { path, action };
}

/** An action that leads nowhere would look like one. */
function* reachable(alerts: Config["alerts"], path: Path, action: Action): Generator<Refusal> {
  if (action.kind === "email" && alerts.email === undefined) {
    yield { path, says: "sends e-mail, and no server is named", hint: "write host and from under `alerts.email`" };
  }
  if (action.kind === "slack" && alerts.slack[action.name] === undefined) {
    yield {
      path,
      says: `names \`slack ${action.name}\`, which is nowhere`,
      hint: `write its webhook under \`alerts.slack.${action.name}\``,
    };
  }
  if (action.kind === "webhook" && alerts.webhooks[action.name] === undefined) {
    yield {
      path,
      says: `names \`webhook ${action.name}\`, which is nowhere`,
      hint: `write url and secret under \`alerts.webhooks.${action.name}\``,
    };
  }
}
