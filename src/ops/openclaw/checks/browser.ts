/** The browser, and servers of tools. @module */
import { isObject } from "../../../core/json.ts";
import type { OpenClawFamily } from "../check.ts";
import { type Effective } from "../effective.ts";
import { at as valueAt, listAt, objectAt, textAt } from "../values.ts";
import { isLiteralSecret } from "./literal.ts";

const LOCAL = /^(localhost|127\.|\[::1\])/;
const PRIVATE =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|\[f[cde])|\.(local|lan|internal|home|corp)$|^[^.]+$/;

function browserPlaces({ config }: Effective): readonly { readonly place: string; readonly url: string }[] {
  const first = textAt(config, "browser.cdpUrl");
  const profiles = Object.keys(objectAt(config, "browser.profiles")).flatMap((name) => {
    const url = textAt(objectAt(config, "browser.profiles")[name], "cdpUrl");
    return url === null ? [] : [{ place: `browser.profiles.${name}.cdpUrl`, url }];
  });
  return [...(first === null ? [] : [{ place: "browser.cdpUrl", url: first }]), ...profiles];
}

/** `--token VALUE` and `--token=VALUE`. */
function argumentsWithSecrets(args: readonly string[]): readonly number[] {
  return args.flatMap((one, i) => {
    const [, value = args[i + 1] ?? ""] =
      /^--?[\w-]*(?:token|secret|password|api-?key)(?:=(.*))?$/i.exec(one) ?? ([one, ""] as const);
    return isLiteralSecret(value) && !value.startsWith("-") ? [i] : [];
  });
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}

export const browser: OpenClawFamily = {
  name: "browser",
  checks: [
    {
      id: "browser.control_no_auth",
      severity: "critical",
      title: "the browser is driven by whoever asks",
      why: "Its logged-in pages with it.",
      fix: "set gateway.auth.token",
      references: ["CWE-306"],
      look: (at) =>
        at.gateway.auth === "none" && valueAt(at.config, "browser.enabled") !== false
          ? ["browser.enabled, gateway.auth: none"]
          : [],
    },
    {
      id: "browser.remote_cdp_http",
      severity: "high",
      title: "a browser elsewhere is driven in clear",
      why: "Who is on the way reads pages and cookies and drives it himself. OpenClaw's own audit does not see it.",
      fix: "use https or wss, or a browser on this machine",
      references: ["CWE-319"],
      look: (at) =>
        browserPlaces(at)
          .filter(({ url }) => /^(http|ws):/i.test(url) && !LOCAL.test(hostOf(url) ?? ""))
          .map(({ place, url }) => `${place}: ${hostOf(url) ?? "no address"}`),
    },
    {
      id: "browser.remote_cdp_private_host",
      severity: "medium",
      title: "a browser inside the private network is driven",
      why: "What it can open there, the agent can.",
      fix: "give it a network of its own",
      references: ["CWE-918"],
      look: (at) =>
        browserPlaces(at)
          .filter(({ url }) => !LOCAL.test(hostOf(url) ?? "localhost") && PRIVATE.test(hostOf(url) ?? ""))
          .map(({ place, url }) => `${place}: ${hostOf(url) ?? ""}`),
    },
    {
      id: "browser.extension_relay_legacy_auth",
      severity: "high",
      title: "the relay of the extension accepts its old login",
      why: "On unless it says false: any page or program that speaks the old way drives the browser.",
      fix: "set browser.extensionRelay.allowLegacyAuth to false",
      references: ["CWE-287"],
      look: (at) => {
        const relay = valueAt(at.config, "browser.extensionRelay");
        const used =
          relay !== undefined ||
          Object.values(objectAt(at.config, "browser.profiles")).some((one) => textAt(one, "driver") === "extension");
        return used && valueAt(at.config, "browser.extensionRelay.allowLegacyAuth") !== false
          ? ["browser.extensionRelay.allowLegacyAuth"]
          : [];
      },
    },
    {
      id: "vambrace.browser.no_sandbox",
      severity: "high",
      title: "the browser runs without its sandbox",
      why: "A hostile page that breaks it has the user's files.",
      fix: "unset browser.noSandbox",
      references: ["CWE-693"],
      look: (at) => (valueAt(at.config, "browser.noSandbox") === true ? ["browser.noSandbox"] : []),
    },
    {
      id: "vambrace.browser.evaluates",
      severity: "medium",
      title: "the model's scripts run in pages",
      why: "On unless it says false: with them every cookie and form of a page is a tool argument.",
      fix: "set browser.evaluateEnabled to false",
      references: ["LLM06", "CWE-94"],
      look: (at) =>
        valueAt(at.config, "browser.enabled") !== false && valueAt(at.config, "browser.evaluateEnabled") !== false
          ? ["browser.evaluateEnabled: on by default"]
          : [],
    },
    {
      id: "vambrace.browser.system_profile",
      severity: "high",
      title: "the agent uses a person's own browser",
      why: "Every login of that person is the agent's.",
      fix: "use the driver `openclaw` with a profile of its own",
      references: ["LLM06", "CWE-522"],
      look: (at) =>
        Object.entries(objectAt(at.config, "browser.profiles")).flatMap(([name, value]) =>
          textAt(value, "driver") === "existing-session" ? [`browser.profiles.${name}.driver: existing-session`] : [],
        ),
    },
  ],
};

export const servers: OpenClawFamily = {
  name: "mcp",
  checks: [
    {
      id: "mcp.apps.enabled",
      severity: "medium",
      title: "servers of tools may show pages of their own",
      why: "A foreign server draws inside the person's page.",
      fix: "set mcp.apps.enabled to false",
      references: ["CWE-1021"],
      look: (at) => (valueAt(at.config, "mcp.apps.enabled") === true ? ["mcp.apps.enabled"] : []),
    },
    {
      id: "vambrace.mcp.no_tls_check",
      severity: "high",
      title: "a server of tools may be anybody",
      why: "Its certificate is not checked.",
      fix: "unset sslVerify",
      references: ["CWE-295"],
      look: (at) =>
        Object.entries(objectAt(at.config, "mcp.servers")).flatMap(([name, value]) =>
          valueAt(value, "sslVerify") === false ? [`mcp.servers.${name}.sslVerify: false`] : [],
        ),
    },
    {
      id: "vambrace.mcp.clear",
      severity: "high",
      title: "a server of tools is asked in clear",
      why: "Who is on the way reads what it is asked, has its token, and answers in its place.",
      fix: "write https",
      references: ["CWE-319"],
      look: (at) =>
        Object.entries(objectAt(at.config, "mcp.servers")).flatMap(([name, value]) => {
          const url = textAt(value, "url") ?? "";
          return /^(?:http|ws):/i.test(url) && !LOCAL.test(hostOf(url) ?? "")
            ? [`mcp.servers.${name}: ${hostOf(url) ?? ""}`]
            : [];
        }),
    },
    {
      id: "vambrace.mcp.unpinned",
      severity: "high",
      title: "a server of tools is fetched anew at each start",
      why: "`npx name` runs what the registry has that day, on the host, outside of any sandbox.",
      fix: "install a fixed version and start that",
      references: ["LLM03", "ASI04", "CWE-494"],
      look: (at) =>
        Object.entries(objectAt(at.config, "mcp.servers")).flatMap(([name, value]) => {
          const command = textAt(value, "command") ?? "";
          const [named] = listAt(value, "args").filter((one) => !one.startsWith("-"));
          const fetched = /(^|\/)(npx|bunx|uvx|pipx|pnpx)$/.test(command);
          const line = listAt(value, "args").find((one) =>
            /\b(?:npx|bunx|uvx|pipx|pnpx|npm exec|pnpm dlx)\s/.test(one),
          );
          const what = fetched ? named : line;
          return what !== undefined && !/@\d|==\d/.test(what) ? [`mcp.servers.${name}: ${what}`] : [];
        }),
    },
    {
      id: "vambrace.mcp.secrets_in_config",
      severity: "high",
      title: "a server's secret stands in the configuration",
      why: "Backups, editors and whoever reads the file have it.",
      fix: "put it behind a reference",
      references: ["CWE-312"],
      look: (at) =>
        Object.entries(objectAt(at.config, "mcp.servers")).flatMap(([name, value]) => [
          ...argumentsWithSecrets(listAt(value, "args")).map((i) => `mcp.servers.${name}.args[${i}]`),
          ...["env", "headers"].flatMap((part) =>
            Object.entries(objectAt(value, part)).flatMap(([key, secret]) =>
              /(token|secret|password|key|authorization)/i.test(key) && isLiteralSecret(secret)
                ? [`mcp.servers.${name}.${part}.${key}`]
                : [],
            ),
          ),
        ]),
    },
    {
      id: "vambrace.mcp.unfiltered",
      severity: "low",
      title: "every tool of a server is offered",
      why: "What a server adds tomorrow is on tomorrow.",
      fix: "set toolFilter.include",
      references: ["ASI02", "LLM06"],
      look: (at) =>
        Object.entries(objectAt(at.config, "mcp.servers")).flatMap(([name, value]) =>
          value !== undefined &&
          isObject(value) &&
          value["enabled"] !== false &&
          listAt(value, "toolFilter.include").length === 0
            ? [`mcp.servers.${name}`]
            : [],
        ),
    },
  ],
};
