/** How an OpenClaw gateway is reached, and who may. @module */
import type { JsonValue } from "../../../core/json.ts";
import type { OpenClawFamily, Place } from "../check.ts";
import { isReference } from "./literal.ts";
import { type Effective } from "../effective.ts";
import { at as valueAt, listAt, textAt } from "../values.ts";

const SHORT = 24;
const PLACEHOLDERS =
  /^(\s*|undefined|null|none|changeme|change-me|password|token|secret|your[-_ ].*|<.*>|x+|todo|example|test)$/i;
const DANGEROUS_HTTP =
  /^(exec|spawn|shell|fs_write|fs_delete|fs_move|apply_patch|terminal|portal|sessions_spawn|sessions_send|conversations_.*|automations|gateway|plugins|nodes|computer|mobile_ui|openclaw|\*|group:.*)$/;
const LOOPBACK = /^127\.|^::1$/;

const isWide = ({ gateway }: Effective): boolean => gateway.bind !== "loopback";
const on = (where: string, value: JsonValue | undefined): readonly Place[] =>
  value === true ? [`${where} is true`] : [];

function worseWhenWide(at: Effective, places: readonly string[]): readonly Place[] {
  return places.map((place) => ({ place, severity: isWide(at) ? "critical" : "medium" }));
}

function secrets(at: Effective, key: "token" | "password"): string | null {
  return textAt(at.config, `gateway.auth.${key}`);
}

export const gateway: OpenClawFamily = {
  name: "gateway",
  checks: [
    {
      id: "gateway.bind_no_auth",
      severity: "critical",
      title: "the gateway is reachable from outside and asks nobody who he is",
      why: "Whoever reaches the port is the owner: he runs commands and reads everything.",
      fix: "set gateway.auth.token, and gateway.bind to loopback",
      references: ["ASI03", "CWE-306"],
      look: (at) => (isWide(at) && at.gateway.auth === "none" ? [`gateway.bind: ${at.gateway.bind}`] : []),
    },
    {
      id: "gateway.loopback_no_auth",
      severity: "critical",
      title: "the gateway asks nobody who he is",
      why: "Each program of this machine, and each page that reaches loopback through a proxy, is the owner.",
      fix: "set gateway.auth.token",
      references: ["ASI03", "CWE-306"],
      look: (at) => (!isWide(at) && at.gateway.auth === "none" ? ["gateway.auth: none"] : []),
    },
    {
      id: "gateway.trusted_proxies_missing",
      severity: "low",
      title: "no proxy is named as trusted",
      why: "Behind a proxy every caller looks like one from this machine.",
      fix: "set gateway.trustedProxies where there is a proxy, and keep the port closed otherwise",
      references: ["CWE-348"],
      look: (at) => (listAt(at.config, "gateway.trustedProxies").length === 0 ? ["gateway.trustedProxies: empty"] : []),
    },
    {
      id: "gateway.tools_invoke_http.dangerous_allow",
      severity: "critical",
      title: "dangerous tools may be called over HTTP",
      why: "One shared token is then a shell on this machine; no approval is asked on that way.",
      fix: "empty gateway.tools.allow",
      references: ["LLM06", "ASI02", "CWE-749"],
      look: (at) => listAt(at.config, "gateway.tools.allow").filter((name) => DANGEROUS_HTTP.test(name)),
    },
    {
      id: "gateway.http.no_auth",
      severity: "critical",
      title: "the HTTP interface asks nobody who he is",
      why: "`/tools/invoke` is always on.",
      fix: "set gateway.auth.mode to token",
      references: ["ASI03", "CWE-306"],
      look: (at) => (at.gateway.auth === "none" ? ["gateway.auth.mode: none"] : []),
    },
    {
      id: "gateway.http.session_key_override_enabled",
      severity: "info",
      title: "a caller chooses the session",
      why: "Whose conversation it is depends on what the caller writes.",
      fix: "unset gateway.http.allowSessionKeyOverride",
      references: ["CWE-639"],
      look: (at) =>
        on("gateway.http.allowSessionKeyOverride", valueAt(at.config, "gateway.http.allowSessionKeyOverride")),
    },
    {
      id: "gateway.tailscale_funnel",
      severity: "critical",
      title: "the gateway is published to the internet",
      why: "Everybody can try the token.",
      fix: "set gateway.tailscale.mode to off or serve",
      references: ["ASI03", "CWE-668"],
      look: (at) =>
        textAt(at.config, "gateway.tailscale.mode") === "funnel" ? ["gateway.tailscale.mode: funnel"] : [],
    },
    {
      id: "gateway.tailscale_serve",
      severity: "info",
      title: "the gateway is published to a tailnet",
      why: "Every device of the tailnet reaches it; identity headers count as a login.",
      fix: "check who is in the tailnet",
      references: ["CWE-668"],
      look: (at) => (textAt(at.config, "gateway.tailscale.mode") === "serve" ? ["gateway.tailscale.mode: serve"] : []),
    },
    {
      id: "gateway.control_ui.allowed_origins_required",
      severity: "critical",
      title: "a page of any origin may talk to an exposed gateway",
      why: "A link that a person opens acts as that person.",
      fix: "set gateway.controlUi.allowedOrigins",
      references: ["CWE-346", "CWE-352"],
      look: (at) =>
        isWide(at) && listAt(at.config, "gateway.controlUi.allowedOrigins").length === 0
          ? ["gateway.controlUi.allowedOrigins: empty"]
          : [],
    },
    {
      id: "gateway.control_ui.allowed_origins_wildcard",
      severity: "medium",
      title: "every origin is allowed",
      why: "A link that a person opens acts as that person.",
      fix: "name the origins",
      references: ["CWE-942"],
      look: (at) =>
        worseWhenWide(
          at,
          listAt(at.config, "gateway.controlUi.allowedOrigins").filter((one) => one.includes("*")),
        ),
    },
    {
      id: "gateway.control_ui.host_header_origin_fallback",
      severity: "medium",
      title: "the Host header stands for the origin",
      why: "The caller writes that header; a name that resolves to this machine is enough.",
      fix: "unset gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback",
      references: ["CWE-346", "CWE-350"],
      look: (at) =>
        valueAt(at.config, "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback") === true
          ? worseWhenWide(at, ["gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback"])
          : [],
    },
    {
      id: "gateway.real_ip_fallback_enabled",
      severity: "medium",
      title: "X-Real-IP is believed",
      why: "The caller writes that header, and counting of failed logins goes by it.",
      fix: "unset gateway.allowRealIpFallback",
      references: ["CWE-348"],
      look: (at) =>
        valueAt(at.config, "gateway.allowRealIpFallback") === true
          ? worseWhenWide(at, ["gateway.allowRealIpFallback"])
          : [],
    },
    ...(["token", "password"] as const).flatMap((key) => [
      {
        id: `gateway.${key}_too_short`,
        severity: "high" as const,
        title: `the ${key} is short`,
        why: "It is the only thing between a caller and a shell.",
        fix: `make one of 32 random bytes`,
        references: ["CWE-521"],
        look: (at: Effective): readonly Place[] => {
          const value = secrets(at, key);
          if (value === null || isReference(value) || PLACEHOLDERS.test(value) || value.length >= SHORT) return [];
          return [`gateway.auth.${key}: ${value.length} characters`];
        },
      },
      {
        id: `gateway.${key}_placeholder_value`,
        severity: "critical" as const,
        title: `the ${key} is a placeholder`,
        why: "It is the first thing that anybody tries.",
        fix: `make one of 32 random bytes`,
        references: ["CWE-1392", "CWE-798"],
        look: (at: Effective): readonly Place[] => {
          const value = secrets(at, key);
          return value !== null && PLACEHOLDERS.test(value) ? [`gateway.auth.${key}`] : [];
        },
      },
    ]),
    {
      id: "gateway.auth_no_rate_limit",
      severity: "medium",
      title: "guessing is not slowed where it is exposed",
      why: "The default forgets everything at a restart and exempts callers that look local.",
      fix: "set gateway.auth.rateLimit",
      references: ["CWE-307"],
      look: (at) =>
        isWide(at) && valueAt(at.config, "gateway.auth.rateLimit") === undefined
          ? ["gateway.auth.rateLimit: unset"]
          : [],
    },
    {
      id: "discovery.mdns_full_mode",
      severity: "medium",
      title: "the machine tells the network what runs on it",
      why: "Names, versions and ports are what a search for installations begins with.",
      fix: "set discovery.mdns.mode to minimal or off",
      references: ["CWE-200"],
      look: (at) =>
        textAt(at.config, "discovery.mdns.mode") === "full" ? worseWhenWide(at, ["discovery.mdns.mode: full"]) : [],
    },
    {
      id: "vambrace.gateway.listens_wide",
      severity: "critical",
      title: "the gateway's port is open to other machines now",
      why: "This is what the system says, whatever the configuration does.",
      fix: "set gateway.bind to loopback and restart, or close the port",
      references: ["ASI03", "CWE-668"],
      look: ({ listeners, gateway: { port } }) =>
        (listeners ?? [])
          // The port may come from a variable or an option: its name tells it too.
          .filter(
            (one) => (one.port === port || one.program?.startsWith("openclaw") === true) && !LOOPBACK.test(one.address),
          )
          .map((one) => `${one.address}:${one.port}`),
    },
    {
      id: "vambrace.gateway.bind_auto",
      severity: "high",
      title: "in a container the gateway listens on every address",
      why: "Where bind is not written, a container makes it `auto`, which is all interfaces.",
      fix: "write gateway.bind: loopback",
      references: ["CWE-668"],
      look: (at) => {
        const bind = textAt(at.config, "gateway.bind");
        return bind === null || bind === "auto" ? [`gateway.bind: ${bind ?? "unset"}`] : [];
      },
    },
    {
      id: "vambrace.gateway.terminal_on",
      severity: "high",
      title: "the page has a terminal on this machine",
      why: "Who has the token, or an open page, has a shell; no audit records it.",
      fix: "set gateway.terminal.enabled to false",
      references: ["LLM06", "CWE-749"],
      look: (at) =>
        valueAt(at.config, "gateway.terminal.enabled") === false
          ? []
          : ["gateway.terminal.enabled: on unless it says false"],
    },
    {
      id: "vambrace.gateway.no_tls",
      severity: "high",
      title: "tokens cross the network in clear",
      why: "Who listens has the token.",
      fix: "set gateway.tls.enabled, or keep bind on loopback behind a proxy with TLS",
      references: ["CWE-319"],
      look: (at) =>
        isWide(at) && valueAt(at.config, "gateway.tls.enabled") !== true ? [`gateway.bind: ${at.gateway.bind}`] : [],
    },
  ],
};
