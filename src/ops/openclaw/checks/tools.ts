/** What OpenClaw's agents may do besides commands. @module */
import type { OpenClawFamily } from "../check.ts";
import { FILES, has, RUNTIME } from "../effective.ts";
import { at as valueAt, listAt, objectAt, textAt } from "../values.ts";

const MANY = 25;

export const tools: OpenClawFamily = {
  name: "tools",
  checks: [
    {
      id: "tools.elevated.allowFrom.%.wildcard",
      severity: "critical",
      title: "everybody may leave the sandbox",
      why: "A stranger's message runs on the host.",
      fix: "set tools.elevated.enabled to false",
      references: ["LLM06", "CWE-269"],
      look: (at) =>
        Object.keys(objectAt(at.config, "tools.elevated.allowFrom")).flatMap((part) =>
          listAt(at.config, `tools.elevated.allowFrom.${part}`).includes("*")
            ? [{ place: `tools.elevated.allowFrom.${part}: *`, part }]
            : [],
        ),
    },
    {
      id: "tools.elevated.allowFrom.%.large",
      severity: "medium",
      title: "many people may leave the sandbox",
      why: "One account that is taken over is enough.",
      fix: "shorten the list, or set tools.elevated.enabled to false",
      references: ["LLM06", "CWE-269"],
      look: (at) =>
        Object.keys(objectAt(at.config, "tools.elevated.allowFrom")).flatMap((part) => {
          const { length } = listAt(at.config, `tools.elevated.allowFrom.${part}`);
          return length > MANY ? [{ place: `tools.elevated.allowFrom.${part}: ${length}`, part }] : [];
        }),
    },
    {
      id: "tools.profile_minimal_overridden",
      severity: "medium",
      title: "an agent leaves the minimal profile",
      why: "The shared limit does not hold for it.",
      fix: "take tools.profile out of the agent",
      references: ["CWE-1188"],
      look: (at) =>
        textAt(at.config, "tools.profile") === "minimal"
          ? at.agents
              .filter((one) => one.profile !== "minimal")
              .map((one) => `agent ${one.id}: ${one.profile ?? "unset"}`)
          : [],
    },
    {
      id: "vambrace.tools.profile_full",
      severity: "high",
      title: "every tool is on",
      why: "What is on can be reached by whoever's text the agent reads; onboarding writes `full`.",
      fix: "set tools.profile to messaging or minimal, and allow what is needed",
      references: ["LLM06", "ASI02"],
      look: (at) =>
        at.agents
          .filter((one) => one.profile === "full" || one.profile === null)
          .filter((one) => has(one, ...RUNTIME, ...FILES, "web_fetch", "automations"))
          .map((one) => `agent ${one.id}: ${one.profile ?? "unset"}`),
    },
    {
      id: "vambrace.tools.files_anywhere",
      severity: "high",
      title: "file tools leave the workspace",
      why: "Keys in the home folder are read and shell start-up files written. That is the default.",
      fix: "set tools.fs.workspaceOnly to true",
      references: ["LLM06", "CWE-22"],
      look: (at) => at.agents.filter((one) => !one.workspaceOnly && has(one, ...FILES)).map((one) => `agent ${one.id}`),
    },
    {
      id: "vambrace.tools.fetch_anywhere",
      severity: "high",
      title: "pages of every host are fetched",
      why: "An address is a way out: what the agent has read rides in it. OpenClaw has no list of allowed destinations.",
      fix: "deny web_fetch, or force traffic through a proxy of your own (proxy.proxyUrl)",
      references: ["LLM02", "AML.T0024", "CWE-923"],
      look: (at) => {
        const off = valueAt(at.config, "tools.web.fetch.enabled") === false;
        const proxied = valueAt(at.config, "proxy.enabled") === true && textAt(at.config, "proxy.proxyUrl") !== null;
        if (off || proxied) return [];
        return at.agents.filter((one) => has(one, "web_fetch")).map((one) => `agent ${one.id}: web_fetch`);
      },
    },
    {
      id: "vambrace.tools.fetch_private",
      severity: "high",
      title: "addresses of the private network may be fetched",
      why: "Routers, cloud metadata and this machine answer to the agent.",
      fix: "unset dangerouslyAllowPrivateNetwork",
      references: ["CWE-918"],
      look: (at) =>
        ["tools.web.fetch.ssrfPolicy", "browser.ssrfPolicy"].filter(
          (place) => valueAt(at.config, `${place}.dangerouslyAllowPrivateNetwork`) === true,
        ),
    },
    {
      id: "vambrace.tools.loops",
      severity: "low",
      title: "nothing stops an agent that turns in circles",
      why: "It spends until somebody looks; there is no spending limit either.",
      fix: "set tools.loopDetection.enabled to true",
      references: ["LLM10", "CWE-835"],
      look: (at) =>
        valueAt(at.config, "tools.loopDetection.enabled") === true
          ? []
          : ["tools.loopDetection.enabled: off by default"],
    },
    {
      id: "vambrace.tools.code_in_process",
      severity: "high",
      title: "the model's code runs inside the gateway",
      why: "The module is no boundary; the code has what the gateway has.",
      fix: "set tools.codeMode.executor to quickjs, or codeMode off",
      references: ["ASI05", "CWE-653"],
      look: (at) =>
        (valueAt(at.config, "tools.codeMode.enabled") ?? false) !== false &&
        (textAt(at.config, "tools.codeMode.executor") ?? "node") === "node"
          ? ["tools.codeMode.executor: node"]
          : [],
    },
    {
      id: "security.trust_model.cross_agent_session_access_default",
      severity: "medium",
      title: "agents read each other's sessions",
      why: "What one of them was told is known to all; that is the default.",
      fix: "set tools.sessions.visibility to self and set tools.agentToAgent.enabled to false",
      references: ["LLM02", "ASI07", "CWE-668"],
      look: (at) => {
        const visibility = textAt(at.config, "tools.sessions.visibility") ?? "all";
        const talk = valueAt(at.config, "tools.agentToAgent.enabled") !== false;
        return [
          ...(visibility === "all" ? ["tools.sessions.visibility: all"] : []),
          ...(talk ? ["tools.agentToAgent.enabled: on"] : []),
        ];
      },
    },
  ],
};
