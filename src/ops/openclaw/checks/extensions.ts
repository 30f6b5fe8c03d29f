/** Plugins, skills and hooks: foreign code inside. @module */
import { isObject } from "../../../core/json.ts";
import type { OpenClawFamily } from "../check.ts";
import { at as valueAt, listAt, objectAt } from "../values.ts";
import { isLiteralSecret } from "./literal.ts";

export const extensions: OpenClawFamily = {
  name: "extensions",
  checks: [
    {
      id: "plugins.extensions_no_allowlist",
      severity: "medium",
      title: "plugins are on without a list of allowed ones",
      why: "A plugin runs inside the gateway with all its files, keys and network.",
      fix: "set plugins.allow",
      references: ["LLM03", "ASI04", "CWE-829"],
      look: ({ config }) => {
        const named = Object.entries(objectAt(config, "plugins.entries")).filter(
          ([, value]) => valueAt(value, "enabled") === true,
        );
        const loaded = listAt(config, "plugins.load.paths");
        return listAt(config, "plugins.allow").length === 0 ? [...named.map(([name]) => name), ...loaded] : [];
      },
    },
    {
      id: "plugins.allow_phantom_entries",
      severity: "medium",
      title: "an allowed plugin is not configured",
      why: "Whoever publishes one of that name is allowed already.",
      fix: "take it out of plugins.allow",
      references: ["LLM03", "CWE-427"],
      look: ({ config }) => {
        const entries = objectAt(config, "plugins.entries");
        return listAt(config, "plugins.allow").filter((name) => !Object.hasOwn(entries, name));
      },
    },
    {
      id: "vambrace.plugins.from_path",
      severity: "medium",
      title: "a plugin is loaded from a folder",
      why: "Whoever can write there has the gateway at its next start; nothing compares it with what was looked at.",
      fix: "install it with a fixed version",
      references: ["LLM03", "CWE-426"],
      look: ({ config }) => listAt(config, "plugins.load.paths"),
    },
    {
      id: "vambrace.plugins.changed_after_install",
      severity: "high",
      title: "a plugin was changed after it was installed",
      why: "It runs inside the gateway. What was looked at is not what runs, and OpenClaw compares records only, not files.",
      fix: "read what changed, or install it again: openclaw plugins install SOURCE --force",
      references: ["LLM03", "ASI04", "CWE-353"],
      look: ({ home }) =>
        home.plugins.flatMap(({ folder, changed }) => changed.slice(0, 20).map((name) => `${folder}/${name}`)),
    },
    {
      id: "vambrace.plugins.may_write_prompts",
      severity: "high",
      title: "a plugin writes into the prompt or reads conversations",
      why: "It says what the agent is told, and hears all.",
      fix: "set allowPromptInjection and allowConversationAccess to false",
      references: ["LLM01", "LLM03"],
      look: ({ config }) =>
        Object.entries(objectAt(config, "plugins.entries")).flatMap(([name, value]) =>
          ["allowPromptInjection", "allowConversationAccess"]
            .filter((key) => valueAt(value, `hooks.${key}`) === true)
            .map((key) => `plugins.entries.${name}.hooks.${key}`),
        ),
    },
    {
      id: "skills.workspace.symlink_escape",
      severity: "high",
      title: "a skill, or a part of it, lies elsewhere, behind a link",
      why: "Who owns the other end says what it is.",
      fix: "copy it in, or remove it",
      references: ["CWE-59"],
      look: ({ home }) =>
        home.workspaces.flatMap(({ skills }) => skills.filter((one) => one.escapes).map((one) => one.folder)),
    },
    {
      id: "vambrace.skills.changed_after_install",
      severity: "high",
      title: "a skill was changed after it was installed",
      why: "What was looked at is not what runs. OpenClaw compares records only, not files.",
      fix: "read what changed, or install it again",
      references: ["LLM03", "ASI04", "CWE-353"],
      look: ({ home }) =>
        home.workspaces.flatMap(({ skills }) =>
          skills
            .filter((one) => one.originMs !== null && one.changedMs > one.originMs + 60_000)
            .map((one) => one.folder),
        ),
    },
    {
      id: "vambrace.skills.unknown_origin",
      severity: "medium",
      title: "nobody knows where a skill came from",
      why: "Without its origin it cannot be compared, updated or called back.",
      fix: "install it from its source, or remove it",
      references: ["LLM03", "CWE-1357"],
      look: ({ home }) =>
        home.workspaces.flatMap(({ skills }) => skills.filter((one) => one.origin === null).map((one) => one.folder)),
    },
    {
      id: "vambrace.skills.uploads",
      severity: "high",
      title: "skills may be uploaded as archives",
      why: "A file that somebody sends becomes code.",
      fix: "set skills.install.allowUploadedArchives to false",
      references: ["LLM03", "CWE-434"],
      look: ({ config }) =>
        valueAt(config, "skills.install.allowUploadedArchives") === true
          ? ["skills.install.allowUploadedArchives"]
          : [],
    },
    {
      id: "vambrace.skills.no_install_policy",
      severity: "medium",
      title: "nothing looks at a skill or plugin before it is installed",
      why: "The scan at install time no longer blocks by itself.",
      fix: "set security.installPolicy",
      references: ["LLM03"],
      look: ({ config }) =>
        valueAt(config, "security.installPolicy.enabled") === true
          ? []
          : ["security.installPolicy.enabled: off by default"],
    },
    {
      id: "vambrace.skills.secrets_in_config",
      severity: "high",
      title: "a skill's key stands in the configuration",
      why: "It is put into the environment of the gateway's own process for the run, too.",
      fix: "put it behind a reference",
      references: ["CWE-312", "CWE-526"],
      look: ({ config }) =>
        Object.entries(objectAt(config, "skills.entries")).flatMap(([name, value]) => [
          ...(value !== undefined && isObject(value) && isLiteralSecret(value["apiKey"])
            ? [`skills.entries.${name}.apiKey`]
            : []),
          ...Object.entries(objectAt(value, "env")).flatMap(([key, secret]) =>
            isLiteralSecret(secret) ? [`skills.entries.${name}.env.${key}`] : [],
          ),
        ]),
    },
    {
      id: "vambrace.workspace.dot_env",
      severity: "medium",
      title: "a workspace has a file `.env`",
      why: "It is read by the gateway's process, and the agent can write it.",
      fix: "move it out of the workspace",
      references: ["CWE-426"],
      look: ({ home }) => home.workspaces.filter(({ dotEnv }) => dotEnv).map(({ path }) => `${path}/.env`),
    },
    {
      id: "vambrace.workspace.writable",
      severity: "high",
      title: "others can write what the agent obeys",
      why: "Its memory, its persona and its skills are read as the operator's own words.",
      fix: "`chmod -R go-w` the workspace",
      references: ["LLM01", "ASI06", "CWE-732"],
      look: ({ home }) =>
        home.workspaces.flatMap(({ open }) => open.map(({ path, mode }) => `${path} (mode ${mode.toString(8)})`)),
    },
    {
      id: "vambrace.hooks.internal_code",
      severity: "high",
      title: "code of hooks runs inside the gateway",
      why: "Files of a workspace become the gateway's own code.",
      fix: "set hooks.internal.enabled to false",
      references: ["ASI05", "CWE-829"],
      look: ({ config }) => (valueAt(config, "hooks.internal.enabled") === true ? ["hooks.internal.enabled"] : []),
    },
  ],
};
