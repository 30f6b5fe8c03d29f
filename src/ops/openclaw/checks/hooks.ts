/** Hooks: turns that somebody else begins. @module */
import type { OpenClawFamily } from "../check.ts";
import type { Effective } from "../effective.ts";
import { at as valueAt, listAt, textAt } from "../values.ts";
import { isLiteralSecret } from "./literal.ts";

const SHORT = 24;

const hooksOn = ({ config }: Effective): boolean => valueAt(config, "hooks.enabled") === true;

export const hooks: OpenClawFamily = {
  name: "hooks",
  checks: [
    {
      id: "hooks.token_reuse_gateway_token",
      severity: "critical",
      title: "one secret opens two doors",
      why: "Who may ring the hook is the owner of the gateway.",
      fix: "give hooks a token of their own",
      references: ["CWE-1391"],
      look: (at) => {
        const token = textAt(at.config, "hooks.token");
        return token !== null && token === at.gateway.secret ? ["hooks.token"] : [];
      },
    },
    {
      id: "hooks.token_too_short",
      severity: "high",
      title: "the token of the hooks is short",
      why: "A hook starts a turn; guessing it is enough.",
      fix: "make one of 32 random bytes",
      references: ["CWE-521"],
      look: (at) => {
        const token = textAt(at.config, "hooks.token");
        return token !== null && isLiteralSecret(token) && token.length < SHORT
          ? [`hooks.token: ${token.length} characters`]
          : [];
      },
    },
    {
      id: "config.secrets.hooks_token_in_config",
      severity: "medium",
      title: "the token of the hooks stands in the configuration",
      why: "It cannot be a reference in OpenClaw: whoever reads the file or a backup can start turns.",
      fix: "keep the file and its backups at mode 600, and change the token often",
      references: ["CWE-312"],
      look: (at) => (isLiteralSecret(valueAt(at.config, "hooks.token")) ? ["hooks.token"] : []),
    },
    {
      id: "hooks.default_session_key_unset",
      severity: "medium",
      title: "each hook makes a session of its own",
      why: "They pile up, and nobody looks at them.",
      fix: "set hooks.defaultSessionKey",
      references: ["CWE-770"],
      look: (at) =>
        hooksOn(at) && textAt(at.config, "hooks.defaultSessionKey") === null ? ["hooks.defaultSessionKey: unset"] : [],
    },
    {
      id: "hooks.allowed_agent_ids_unrestricted",
      severity: "high",
      title: "a hook reaches every agent",
      why: "The one with the most rights too.",
      fix: "set hooks.allowedAgentIds",
      references: ["CWE-862"],
      look: (at) =>
        hooksOn(at) && listAt(at.config, "hooks.allowedAgentIds").length === 0 ? ["hooks.allowedAgentIds: empty"] : [],
    },
    {
      id: "hooks.request_session_key_enabled",
      severity: "high",
      title: "who rings the hook chooses the session",
      why: "He writes into anybody's conversation.",
      fix: "set hooks.allowRequestSessionKey to false",
      references: ["CWE-639"],
      look: (at) =>
        valueAt(at.config, "hooks.allowRequestSessionKey") === true ? ["hooks.allowRequestSessionKey"] : [],
    },
    {
      id: "hooks.request_session_key_prefixes_missing",
      severity: "high",
      title: "… and any session at all",
      why: "No prefix bounds it.",
      fix: "set hooks.allowedSessionKeyPrefixes",
      references: ["CWE-639"],
      look: (at) =>
        valueAt(at.config, "hooks.allowRequestSessionKey") === true &&
        listAt(at.config, "hooks.allowedSessionKeyPrefixes").length === 0
          ? ["hooks.allowedSessionKeyPrefixes: empty"]
          : [],
    },
    {
      id: "hooks.path_root",
      severity: "critical",
      title: "hooks take every path",
      why: "They stand before everything else on the port.",
      fix: "set hooks.path to /hooks",
      references: ["CWE-749"],
      look: (at) => (textAt(at.config, "hooks.path") === "/" ? ["hooks.path: /"] : []),
    },
    {
      id: "vambrace.hooks.unsafe_external_content",
      severity: "critical",
      title: "mail and hooks are read as if they were orders",
      why: "The mark that says `this is foreign text` is taken away.",
      fix: "unset allowUnsafeExternalContent",
      references: ["LLM01", "AML.T0051.001"],
      look: (at) => {
        const mappings = valueAt(at.config, "hooks.mappings");
        return [
          ...(valueAt(at.config, "hooks.gmail.allowUnsafeExternalContent") === true
            ? ["hooks.gmail.allowUnsafeExternalContent"]
            : []),
          ...(Array.isArray(mappings) ? mappings : []).flatMap((one, i) =>
            valueAt(one, "allowUnsafeExternalContent") === true
              ? [`hooks.mappings[${i}].allowUnsafeExternalContent`]
              : [],
          ),
        ];
      },
    },
  ],
};
