/** Who can reach OpenClaw's agents, and what that reaches. @module */
import type { OpenClawFamily, Place } from "../check.ts";
import { type Effective, isOpen, runsUnasked, FILES, has, RUNTIME } from "../effective.ts";
import { at as valueAt, listAt, textAt } from "../values.ts";

/** Places times what stands behind them: an open door matters by what it opens. */
function openTo(at: Effective, reaches: (agent: Effective["agents"][number]) => boolean): readonly Place[] {
  const agents = at.agents.filter(reaches).map((one) => one.id);
  if (agents.length === 0) return [];
  return at.channels.filter(isOpen).map((one) => `channels.${one.name} (${how(one)}), agents ${agents.join(", ")}`);
}

function how({ dmPolicy, groupPolicy }: Effective["channels"][number]): string {
  return [dmPolicy === "open" ? "direct messages open" : "", groupPolicy === "open" ? "groups open" : ""]
    .filter((one) => one !== "")
    .join(", ");
}

export const channels: OpenClawFamily = {
  name: "channels",
  checks: [
    {
      id: "channels.%.dm.open",
      severity: "critical",
      title: "everybody may write to the agent",
      why: "A stranger's message is an order that nobody checks.",
      fix: "set dmPolicy to pairing or allowlist",
      references: ["LLM01", "ASI03", "CWE-862"],
      look: (at) =>
        at.channels
          .filter((one) => one.dmPolicy === "open")
          .map((one) => ({ place: `channels.${one.name}.dmPolicy: open`, part: one.channel })),
    },
    {
      id: "channels.%.dm.open_invalid",
      severity: "medium",
      title: "open, and not for everybody",
      why: "`open` without `*` drops every message; somebody will add `*` to mend it.",
      fix: "set dmPolicy to pairing",
      references: ["CWE-1188"],
      look: (at) =>
        at.channels
          .filter((one) => one.dmPolicy === "open" && !one.allowFrom.includes("*"))
          .map((one) => ({ place: `channels.${one.name}`, part: one.channel })),
    },
    {
      id: "channels.%.groups.open",
      severity: "critical",
      title: "every group may use the agent",
      why: "Who can add it to a group can order it about.",
      fix: "set groupPolicy to allowlist",
      references: ["LLM01", "CWE-862"],
      look: (at) =>
        at.channels
          .filter((one) => one.groupPolicy === "open")
          .map((one) => ({ place: `channels.${one.name}.groupPolicy: open`, part: one.channel })),
    },
    {
      id: "vambrace.channels.everybody_allowed",
      severity: "high",
      title: "the list of senders says everybody",
      why: "`*` is no list.",
      fix: "name the people by their stable ids",
      references: ["CWE-862"],
      look: (at) =>
        at.channels.flatMap((one) => [
          ...(one.allowFrom.includes("*") ? [`channels.${one.name}.allowFrom: *`] : []),
          ...(one.groupAllowFrom.includes("*") ? [`channels.${one.name}.groupAllowFrom: *`] : []),
        ]),
    },
    {
      id: "vambrace.channels.no_mention_needed",
      severity: "medium",
      title: "in a group every message is meant for the agent",
      why: "Text that nobody addressed to it is obeyed.",
      fix: "set requireMention to true",
      references: ["LLM01"],
      look: (at) =>
        at.channels.flatMap((one) =>
          Object.entries(one.groups).flatMap(([group, value]) =>
            valueAt(value, "requireMention") === false
              ? [`channels.${one.name}.groups.${group}.requireMention: false`]
              : [],
          ),
        ),
    },
    {
      id: "vambrace.channels.config_writes",
      severity: "medium",
      title: "the configuration can be changed from a chat",
      why: "On unless it says false: a message is then one word away from the settings.",
      fix: "set configWrites to false",
      references: ["CWE-15", "ASI03"],
      look: (at) => at.channels.filter((one) => one.configWrites).map((one) => `channels.${one.name}.configWrites`),
    },
    {
      id: "channels.%.allowFrom.dangerous_name_matching_enabled",
      severity: "high",
      title: "people are told apart by names",
      why: "Anybody can take a name.",
      fix: "unset dangerouslyAllowNameMatching, and list ids",
      references: ["CWE-290"],
      look: (at) =>
        at.channels
          .filter((one) => one.settings["dangerouslyAllowNameMatching"] === true)
          .map((one) => ({ place: `channels.${one.name}.dangerouslyAllowNameMatching`, part: one.channel })),
    },
    {
      id: "vambrace.channels.context_of_strangers",
      severity: "medium",
      title: "what strangers wrote in a group reaches the model",
      why: "Quoted and past messages of people who may not use the agent are read all the same; that is the default.",
      fix: "set contextVisibility to allowlist",
      references: ["LLM01", "AML.T0051"],
      look: (at) =>
        at.channels.flatMap((one) => {
          const visible =
            textAt(one.settings, "contextVisibility") ??
            textAt(at.config, "channels.defaults.contextVisibility") ??
            "all";
          return visible === "all" && one.groupPolicy !== "disabled"
            ? [`channels.${one.name}.contextVisibility: all`]
            : [];
        }),
    },
    {
      id: "vambrace.channels.token_in_config",
      severity: "high",
      title: "a channel's token stands in the configuration",
      why: "Backups, editors and whoever reads the file have it.",
      fix: "put it behind a reference (SecretRef), or into the vault of vambrace by `migrate openclaw`",
      references: ["LLM02", "CWE-312", "CWE-798"],
      look: (at) =>
        at.channels.flatMap((one) =>
          Object.entries(one.settings).flatMap(([key, value]) =>
            /(token|secret|password|apikey)$/i.test(key) &&
            typeof value === "string" &&
            value !== "" &&
            !value.startsWith("${")
              ? [`channels.${one.name}.${key}`]
              : [],
          ),
        ),
    },
  ],
};

export const exposure: OpenClawFamily = {
  name: "exposure",
  checks: [
    {
      id: "security.exposure.open_channels_with_exec",
      severity: "critical",
      title: "strangers reach commands",
      why: "A message from anybody ends in a command on this machine. Counted with the defaults that really hold, also where nothing is written.",
      fix: "close the channel, or set tools.exec.security to deny",
      references: ["LLM01", "LLM06", "ASI05", "AML.T0051"],
      look: (at) => openTo(at, (agent) => agent.exec.security !== "deny" && has(agent, "exec")),
    },
    {
      id: "vambrace.exposure.open_channels_unasked",
      severity: "critical",
      title: "strangers' commands run on the host, and nobody is asked",
      why: "This is remote code execution by design.",
      fix: "close the channel now; then mend exec and the sandbox",
      references: ["LLM01", "ASI05", "CWE-94"],
      look: (at) => openTo(at, runsUnasked),
    },
    {
      id: "security.exposure.open_groups_with_elevated",
      severity: "critical",
      title: "strangers in groups, and commands outside the sandbox",
      why: "Elevated is on unless it says false.",
      fix: "set tools.elevated.enabled to false",
      references: ["LLM06", "CWE-269"],
      look: (at) =>
        at.agents.some((one) => one.elevated)
          ? at.channels.filter((one) => one.groupPolicy === "open").map((one) => `channels.${one.name}`)
          : [],
    },
    {
      id: "security.exposure.open_groups_with_runtime_or_fs",
      severity: "critical",
      title: "strangers in groups reach files or commands",
      why: "What they write is read by an agent that has both.",
      fix: "close the group, or deny group:runtime and group:fs",
      references: ["LLM06", "CWE-862"],
      look: (at) =>
        at.agents.some((one) => has(one, ...RUNTIME, ...FILES))
          ? at.channels.filter((one) => one.groupPolicy === "open").map((one) => `channels.${one.name}`)
          : [],
    },
    {
      id: "security.exposure.open_groups_with_control_plane_tools",
      severity: "critical",
      title: "strangers in groups reach schedules, plugins and the gateway",
      why: "They stay after the message is gone.",
      fix: "deny group:automation",
      references: ["LLM06", "ASI03", "AML.T0061"],
      look: (at) =>
        at.agents.some((one) => has(one, "automations", "gateway", "plugins"))
          ? at.channels.filter((one) => one.groupPolicy === "open").map((one) => `channels.${one.name}`)
          : [],
    },
    {
      id: "security.trust_model.multi_user_heuristic",
      severity: "medium",
      title: "several people share one gateway",
      why: "OpenClaw's gateway is one circle of trust: everybody in it is as the owner.",
      fix: "one gateway for each circle, or vambrace with people and roles",
      references: ["CWE-653"],
      look: (at) =>
        at.channels
          .filter((one) => new Set([...one.allowFrom, ...one.groupAllowFrom]).size > 1)
          .map((one) => `channels.${one.name}`),
    },
    {
      id: "security.trust_model.group_scope_main",
      severity: "medium",
      title: "groups share the main session",
      why: "What the owner said is in the context of the group.",
      fix: "set session.groupScope to per-group",
      references: ["LLM02", "CWE-668"],
      look: (at) => (textAt(at.config, "session.groupScope") === "main" ? ["session.groupScope: main"] : []),
    },
    {
      id: "vambrace.session.one_for_all",
      severity: "high",
      title: "all direct messages share one session",
      why: "What one person wrote is read to the next; that is the default.",
      fix: "set session.dmScope to per-account-channel-peer",
      references: ["LLM02", "CWE-668"],
      look: (at) => {
        const scope = textAt(at.config, "session.dmScope") ?? "main";
        return scope === "main" && at.channels.length > 0 ? [`session.dmScope: ${scope}`] : [];
      },
    },
    {
      id: "vambrace.exposure.owner_by_first_approval",
      severity: "high",
      title: "nobody is named as the owner of commands",
      why: "The first sender whose pairing is approved becomes it.",
      fix: "set commands.ownerAllowFrom",
      references: ["CWE-269"],
      look: (at) =>
        at.channels.some((one) => one.dmPolicy === "pairing") &&
        listAt(at.config, "commands.ownerAllowFrom").length === 0
          ? ["commands.ownerAllowFrom: empty"]
          : [],
    },
    {
      id: "vambrace.exposure.chat_commands",
      severity: "high",
      title: "shell, settings or plugins by a chat command",
      why: "What a message says is done without a model between.",
      fix: "set these to false",
      references: ["CWE-749"],
      look: (at) =>
        ["bash", "config", "mcp", "plugins", "debug"]
          .filter((key) => valueAt(at.config, `commands.${key}`) === true)
          .map((key) => `commands.${key}`),
    },
    {
      id: "vambrace.exposure.paired_everybody",
      severity: "critical",
      title: "the store of paired senders says everybody",
      why: "It is read beside the configuration.",
      fix: "remove the entry (`openclaw pairing list`)",
      references: ["CWE-862"],
      look: ({ home }) =>
        (home.state?.paired ?? []).filter((one) => one.entry === "*").map((one) => `${one.channel}/${one.account}: *`),
    },
  ],
};
