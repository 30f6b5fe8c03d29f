/** Checks of the configuration as a file, and of doors and sessions in it. @module */
import { type Check, type Family, isOneOf, setting } from "../check.ts";
import { need, Unknown } from "../known.ts";

const CHANNELS: ReadonlySet<string> = new Set(["terminal", "webchat", "api", "default"]);
const at2 = ({ path, line, what }: { path: string; line: number; what: string }): string =>
  line === 0 ? `${path}: ${what}` : `${path}, line ${line}: ${what}`;

const file: readonly Check[] = [
  {
    id: "config.refused",
    severity: "high",
    title: "a gateway does not start with this configuration",
    why: "One that runs keeps an older text; the next start fails.",
    fix: "`vambrace config validate` says what to change; `vambrace harden` mends what is known to be unsafe",
    references: ["CWE-1188"],
    look(at) {
      const { refused } = need(at.config);
      return refused === null ? [] : [`${refused.code}: ${refused.says}`];
    },
  },
  {
    id: "config.foreign",
    severity: "low",
    title: "keys are written in another spelling than the canonical one",
    why: "Two spellings of one control are how a control is overlooked; they are refused.",
    fix: "write the canonical key",
    references: ["CWE-1188"],
    look: (at) => need(at.config).foreign.map(({ says }) => says),
  },
  {
    id: "config.secret",
    severity: "critical",
    title: "a secret is written into the configuration",
    why: "The file is copied, shown, versioned and backed up.",
    fix: "put it into the environment and write `${NAME}`; give out a new one, because this one was on disk",
    references: ["LLM02", "AML.T0055", "CWE-798", "CWE-312"],
    look: (at) => need(at.config).secrets.map(at2),
  },
  {
    id: "config.past-secret",
    severity: "medium",
    title: "a past version or a copy of the configuration holds a secret",
    why: "It can be rolled back to, read, and found in backups.",
    fix: "give out a new one; then remove that file",
    references: ["AML.T0055", "CWE-312"],
    look: (at) => need(at.config).pastSecrets.map(at2),
  },
  {
    id: "config.variables",
    severity: "high",
    title: "the configuration names variables that are not set",
    why: "What depends on them does not work, or the gateway does not start.",
    fix: "set them for the user that runs the gateway, or take the references out",
    references: ["CWE-1188"],
    look: (at) => need(at.effective).missingVariables,
  },
  {
    id: "config.policies.refused",
    severity: "high",
    title: "a gateway does not start with these policies",
    why: "A policy that does not validate stops the start.",
    fix: "`vambrace doctor` names it",
    references: ["CWE-1188"],
    look(at) {
      const { refused } = need(at.policies);
      return refused === null ? [] : [refused];
    },
  },
  {
    id: "config.policies.permit",
    severity: "low",
    title: "policies of your own permit something",
    why: "A permit lifts what the configuration asks about; floor and flow still forbid.",
    fix: "try it: `vambrace replay --since 30d --policy DIR --against` shows what it changes",
    references: ["LLM06", "CWE-863"],
    look: (at) =>
      need(at.policies).files.flatMap(({ name, permits }) => (permits === 0 ? [] : [`${name}: ${permits}`])),
  },
];

export const config: Family = {
  name: "config",
  says: "the configuration as a file, and the policies beside it",
  checks: file,
};

export const channels: Family = {
  name: "channels",
  says: "doors and the conversations behind them",
  checks: [
    {
      id: "channels.unknown",
      severity: "low",
      title: "a channel is configured that this version does not have",
      why: "Its rules look as if they kept somebody out; nobody comes in there.",
      fix: "take it out",
      references: ["CWE-1188"],
      look: (at) => Object.keys(need(at.effective).settings.channels).filter((name) => !CHANNELS.has(name)),
    },
    {
      id: "channels.page.wide",
      severity: "medium",
      title: "the page is served beyond this machine",
      why: "A page in a browser can be attacked by every other page in it.",
      fix: "turn it off there: `channels.webchat.enabled: false`",
      references: ["CWE-346", "CWE-1021"],
      look(at) {
        const { channels, gateway } = need(at.effective).settings;
        return gateway.bind !== "loopback" && channels["webchat"]?.enabled !== false ? ["webchat"] : [];
      },
    },
    {
      id: "channels.api.unused",
      severity: "info",
      title: "the door of programs is open and no program has a token",
      why: "A door that nobody needs is one that nobody watches.",
      fix: "close it: `vambrace config set channels.api.enabled false`",
      references: ["CWE-1059"],
      look(at) {
        const { tokens } = need(at.store);
        const isOn = need(at.effective).settings.channels["api"]?.enabled !== false;
        return isOn && !tokens.some(({ own, revoked }) => !own && !revoked) ? ["api"] : [];
      },
    },
    setting({
      id: "sessions.scope.shared",
      severity: "high",
      title: "everybody who writes directly shares one conversation",
      why: "Each sees what the others wrote, and what a stranger wrote is in your context.",
      fix: "take the key out",
      references: ["LLM02", "ASI06", "CWE-488"],
      keys: ["session.dmScope", "session.scope", "session.groupScope"],
      bad: isOneOf("main", "global", "shared"),
    }),
    setting({
      id: "sessions.scope.wide",
      severity: "low",
      title: "one sender has one conversation across accounts or channels",
      why: "Who takes over one account of somebody is in all of his conversations.",
      fix: "take the key out",
      references: ["ASI06", "CWE-488"],
      keys: ["session.dmScope", "session.scope"],
      bad: isOneOf("per-peer", "per-channel-peer", "per-sender"),
    }),
    {
      id: "sessions.old",
      severity: "low",
      title: "conversations are kept for more than 90 days",
      why: "What is kept can leak; the law asks for a reason.",
      fix: "export what is needed, and remove the rest",
      references: ["LLM02", "CWE-459"],
      look(at) {
        const { oldestSessionMs } = need(at.store);
        if (oldestSessionMs === null || at.nowMs - oldestSessionMs <= 90 * 86_400_000) return [];
        return [`the oldest began on ${new Date(oldestSessionMs).toISOString().slice(0, 10)}`];
      },
    },
    {
      id: "sessions.schedules.untrusted",
      severity: "medium",
      title: "a schedule that no trusted person made will run again",
      why: "It comes back as a turn of its own, long after the text that caused it was forgotten.",
      fix: "look at it, and remove it",
      references: ["LLM01", "ASI06", "ASI10", "CWE-913"],
      look: (at) =>
        need(at.store)
          .schedules.filter(({ trust }) => trust === "none" || trust === "limited")
          .map(({ id, trust }) => `${id} (${trust})`),
    },
    {
      id: "sessions.store.damaged",
      severity: "critical",
      title: "the store of conversations is damaged",
      why: "Tokens, the halt and which calls were begun are in it.",
      fix: "end the gateway, keep the file, and put back a backup",
      references: ["CWE-354"],
      look(at) {
        const { integrity } = need(at.store);
        if (integrity === null && at.form === "deep") throw new Unknown("the store was not asked");
        return integrity === null || integrity === "ok" ? [] : [integrity];
      },
    },
  ],
};
