/** Checks of the gateway: where it listens, whom it believes, whether it runs as it should. @module */
import type { Mend } from "../../../core/finding.ts";
import { type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import { isLoopbackAddress, isPrivateRange, rangeBits } from "../addresses.ts";
import { pathText, written, type Written } from "../written.ts";

const BIND_KEYS = ["gateway.bind", "gateway.host", "server.host", "server.bind", "gateway.listen"] as const;
const NARROW = ["loopback", "127.0.0.1", "localhost", "::1", "local"];

/** Each place that opens the gateway to more than this machine, whatever it is called. */
function wideBinds(at: Installation): readonly (Written & { readonly says: string })[] {
  const tree = need(need(at.config).tree);
  const custom = written(tree, ["gateway.customBindHost"]);
  return written(tree, BIND_KEYS).flatMap((one) => {
    if (typeof one.value === "string" && NARROW.includes(one.value)) return [];
    const isLocal = one.value === "custom" && custom.every(({ value }) => isLoopbackAddress(shown(value)));
    return isLocal ? [] : [{ ...one, says: shown(one.value) }];
  });
}

const bindWide: Check = {
  id: "gateway.bind.wide",
  severity: "high",
  title: "the gateway listens beyond this machine",
  why: "Whoever reaches the port can try tokens and flaws of the gateway. Exposed agents are found by scanners within hours.",
  fix: "listen on loopback; reach it from elsewhere through SSH, WireGuard or Tailscale",
  references: ["ASI03", "AML.T0049", "CWE-668"],
  look: (at) => wideBinds(at).map(({ path, says }) => `${pathText(path)}: ${says}`),
  mend(at): readonly Mend[] {
    const hits = wideBinds(at);
    const custom = hits.length === 0 ? [] : written(need(need(at.config).tree), ["gateway.customBindHost"]);
    return [...hits, ...custom].map(({ path }) => ({ op: "unset", path: pathText(path) }));
  },
};

const effective: readonly Check[] = [
  {
    id: "gateway.proxies.wide",
    severity: "high",
    title: "a whole network is believed as proxy",
    why: "Whoever is in it says from which address a request comes, and so passes the counting of failed logins.",
    fix: "name the single address of the proxy in `gateway.trustedProxies`",
    references: ["CWE-348", "CWE-290"],
    look: (at) => need(at.effective).settings.gateway.trustedProxies.filter((range) => rangeBits(range) > 4),
  },
  {
    id: "gateway.proxies.public",
    severity: "medium",
    title: "a proxy on the public internet is believed",
    why: "Between it and the gateway requests travel in clear, through networks of others.",
    fix: "put the proxy on this machine or into the private network",
    references: ["CWE-319", "CWE-348"],
    look: (at) => need(at.effective).settings.gateway.trustedProxies.filter((range) => !isPrivateRange(range)),
  },
  {
    id: "gateway.hosts.address",
    severity: "low",
    title: "the gateway answers to a bare address as its name",
    why: "The check of `Host` keeps pages of strangers out by name. An address is what a rebound name leads to.",
    fix: "reach it by a name, and name only that in `gateway.allowedHosts`",
    references: ["CWE-346", "CWE-350"],
    look: (at) =>
      need(at.effective).settings.gateway.allowedHosts.filter((host) => /^[0-9.]+(?::\d+)?$|^\[/.test(host)),
  },
];

const running: readonly Check[] = [
  {
    id: "gateway.running.version",
    severity: "medium",
    title: "the gateway that runs is of another version than the program",
    why: "An update counts only when the gateway was started again. Until then known faults stay.",
    fix: "end it and start it again",
    references: ["CWE-1104"],
    look(at) {
      const version = need(at.processes).gateway?.version ?? at.version;
      return version === at.version ? [] : [`runs ${version}, installed is ${at.version}`];
    },
  },
  {
    id: "gateway.running.config",
    severity: "medium",
    title: "the configuration was changed since the gateway started",
    why: "It runs by the text that it read at its start. What you tightened since does not count yet.",
    fix: "end it and start it again",
    references: ["CWE-1188"],
    look(at) {
      const started = need(at.processes).gateway?.startedMs ?? null;
      const changed = need(at.config).changedMs;
      if (started === null || changed === null || changed <= started + SLACK_MS) return [];
      return [`changed ${new Date(changed).toISOString()}, started ${new Date(started).toISOString()}`];
    },
  },
  {
    id: "gateway.running.unready",
    severity: "high",
    title: "a control of the running gateway has not proved itself",
    why: "`/readyz` is 503 while a wall is not shown to stand; what depends on it is refused.",
    fix: "`vambrace doctor` says what is missing",
    references: ["CWE-693"],
    look: (at) => need(at.processes).gateway?.unready ?? [],
  },
  {
    id: "gateway.running.silent",
    severity: "medium",
    title: "the gateway runs and does not answer",
    why: "What hangs cannot be asked to stop at its door, and records nothing.",
    fix: "`vambrace stop` works without its answer; then end it and look into `logs/gateway.log`",
    references: ["CWE-400"],
    look(at) {
      const { gateway } = need(at.processes);
      return gateway !== null && gateway.version === null ? [`process ${gateway.pid}, ${gateway.url}`] : [];
    },
  },
  {
    id: "gateway.running.helpers",
    severity: "critical",
    title: "a helper of the running gateway is gone",
    why: "Without the ledger's writer nothing is recorded, without the broker nothing is contained, without the proxy nothing is filtered.",
    fix: "end the gateway and start it again; look into `logs/gateway.log`",
    references: ["CWE-693", "CWE-778"],
    look(at) {
      const { gateway } = need(at.processes);
      if (gateway === null) return [];
      return HELPERS.filter((name) => !gateway.helpers.includes(name)).map(
        (name) => `no ${name} below process ${gateway.pid}`,
      );
    },
  },
  {
    id: "gateway.stopped",
    severity: "info",
    title: "the gateway is stopped",
    why: "Somebody said stop, and nothing runs until somebody says resume.",
    fix: "`vambrace resume` when the reason is gone",
    references: [],
    look: (at) => (need(at.store).halted ? ["`vambrace stop` is in force"] : []),
  },
  {
    id: "gateway.login.leftover",
    severity: "medium",
    title: "a login for the page lies in a file",
    why: "Whoever reads it first logs in as the owner.",
    fix: "remove it; `vambrace login` prints a new one that works once",
    references: ["CWE-522", "CWE-613"],
    look: (at) => leftovers(at).map(({ path, ageMs }) => `${path}, ${Math.round(ageMs / 60_000)} minutes old`),
    mend: (at) => leftovers(at).map(({ path }) => ({ op: "away", path })),
  },
];

const SLACK_MS = 2_000;
const LOGIN_MS = 10 * 60_000;
const HELPERS = ["writer-main", "broker", "egress"];

function leftovers(at: Installation) {
  return need(at.files).leftovers.filter(({ path, ageMs }) => path.endsWith("/login.txt") && ageMs > LOGIN_MS);
}

export const gateway: Family = {
  name: "gateway",
  says: "where the gateway listens, whom it believes, whether it runs as it should",
  checks: [
    bindWide,
    setting({
      id: "gateway.mode.remote",
      severity: "medium",
      title: "the gateway expects requests from other machines",
      why: "`mode: remote` is the first of two keys that open it; with it a single change of `bind` does.",
      fix: "write `gateway.mode: local` unless it is reached from elsewhere on purpose",
      references: ["CWE-668"],
      keys: ["gateway.mode", "server.mode"],
      bad: isOneOf("remote", "public", "cloud"),
    }),
    setting({
      id: "gateway.auth.off",
      severity: "critical",
      title: "the configuration asks for a gateway without tokens",
      why: "Everybody who reaches the port, and every page in your browser, would be the owner. A gateway does not start with it.",
      fix: "take the key out; `vambrace token create` makes tokens",
      references: ["ASI03", "AML.T0012", "CWE-306"],
      keys: [
        "gateway.auth.mode",
        "auth.mode",
        "gateway.auth.enabled",
        "auth.enabled",
        "gateway.auth.required",
        "server.auth",
      ],
      bad: isOneOf("none", "off", "disabled", false),
    }),
    setting({
      id: "gateway.auth.token-in-file",
      severity: "critical",
      title: "a token or password of the gateway is written into the configuration",
      why: "The file is copied, shown and backed up, and what guides print there is known to everybody.",
      fix: "take it out; `vambrace token create` makes tokens and keeps only their hashes",
      references: ["LLM02", "AML.T0055", "CWE-798", "CWE-256"],
      keys: [
        "gateway.auth.token",
        "gateway.auth.password",
        "auth.token",
        "auth.password",
        "gateway.token",
        "server.token",
      ],
      bad: (value) => (typeof value === "string" && value !== "" ? "written out" : null),
    }),
    setting({
      id: "gateway.port.privileged",
      severity: "low",
      title: "the gateway wants a port below 1024",
      why: "Only root, or a program with more rights than this one needs, gets such a port.",
      fix: "take the default, 18888, and let a proxy have the low port",
      references: ["CWE-250"],
      keys: ["gateway.port", "server.port"],
      bad: (value) => (typeof value === "number" && value < 1024 ? String(value) : null),
    }),
    ...effective,
    ...running,
  ],
};
