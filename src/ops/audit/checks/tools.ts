/** Checks of which tools are offered where, and of tools that the operator declared. @module */
import { above, type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

/** What the guides' hardened baseline keeps from doors that are not the owner's. */
const RISKY = ["group:automation", "group:runtime", "spawn", "message", "exec", "schedule"];

function declared(at: Installation) {
  return Object.entries(need(at.effective).settings.tools.declarations);
}

type DeclaredCheck = Omit<Check, "look"> & {
  readonly bad: (declaration: ReturnType<typeof declared>[number][1]) => string | null;
};

function declarations({ bad, ...words }: DeclaredCheck): Check {
  return {
    ...words,
    look: (at) =>
      declared(at).flatMap(([name, one]) => {
        const says = bad(one);
        return says === null ? [] : [`tools.declarations.${name}${says}`];
      }),
  };
}

const RETURNS_FIX = "let it return trust `none` unless only you can have written what it brings";

export const tools: Family = {
  name: "tools",
  says: "which tools are offered where, and what declared ones say of themselves",
  checks: [
    setting({
      id: "tools.elevated.on",
      severity: "critical",
      title: "the configuration asks for elevated rights",
      why: "Commands outside the sandbox, as this user or as root: one text of a stranger would be enough. A gateway does not start with it.",
      fix: "take the key out; add what is needed to `tools.exec.allow` or `egress.allow`",
      references: ["LLM06", "ASI03", "AML.T0053", "CWE-250"],
      keys: [
        "tools.elevated.enabled",
        "elevated.enabled",
        "tools.elevated.allowed",
        "agents.defaults.elevated.enabled",
      ],
      bad: isOneOf(true, "on", "yes"),
    }),
    setting({
      id: "tools.profile.full",
      severity: "medium",
      title: "a door offers every tool",
      why: "Each tool is something that a fooled model can reach for; `full` has those too that nobody at this door needs.",
      fix: "write `coding` or `messaging`, or take the key out",
      references: ["LLM06", "ASI02", "CWE-272"],
      keys: ["tools.profile", "channels.*.tools.profile"],
      bad: isOneOf("full"),
    }),
    setting({
      id: "tools.profile.others",
      severity: "high",
      title: "the door of programs offers the tools of a developer, widened",
      why: "At `api` stand programs with a token; they were given less on purpose.",
      fix: "take `profile` out of `channels.api.tools`",
      references: ["LLM06", "ASI02", "ASI03", "CWE-272"],
      keys: ["channels.api.tools.profile", "channels.default.tools.profile"],
      bad: isOneOf("full"),
    }),
    setting({
      id: "tools.allow.risky",
      severity: "high",
      title: "the door of programs allows commands, schedules or messages between sessions by name",
      why: "These are what the hardened baseline denies first: they act at once, stay, and spread.",
      fix: "take them out of `tools.allow` of that door",
      references: ["LLM06", "ASI02", "ASI07", "CWE-272"],
      keys: ["channels.api.tools.allow[]", "channels.default.tools.allow[]"],
      bad: (value) => (RISKY.includes(shown(value)) ? shown(value) : null),
    }),
    declarations({
      id: "tools.declared.no-effect",
      severity: "low",
      title: "a declared tool does not say what it does",
      why: "It counts as the most dangerous kind and is asked each time; a person who is asked each time stops reading.",
      fix: "write its `effect`",
      references: ["ASI02", "ASI09", "CWE-1059"],
      bad: ({ effect }) => (effect === undefined ? "" : null),
    }),
    declarations({
      id: "tools.declared.trusted",
      severity: "high",
      title: "what a declared tool brings counts as trusted",
      why: "A mail, page or ticket that comes back through it could then give orders.",
      fix: RETURNS_FIX,
      references: ["LLM01", "ASI01", "AML.T0051", "CWE-501"],
      bad: ({ returns }) =>
        returns.trust === "none" || returns.trust === "limited" ? null : `: returns ${returns.trust}`,
    }),
    declarations({
      id: "tools.declared.public",
      severity: "medium",
      title: "what a declared tool brings may be told to anybody",
      why: "Nothing asks before it leaves.",
      fix: "let it return `private` or `internal`",
      references: ["LLM02", "AML.T0057", "CWE-200"],
      bad: ({ returns }) => (returns.confidentiality === "public" ? "" : null),
    }),
    declarations({
      id: "tools.declared.directory",
      severity: "medium",
      title: "a declared tool may resolve names to recipients",
      why: "Whoever can write an entry into that directory chooses where a message to a named person goes.",
      fix: "keep `directory` for contacts that only you write",
      references: ["ASI01", "ASI03", "CWE-441"],
      bad: ({ directory }) => (directory ? "" : null),
    }),
    declarations({
      id: "tools.declared.no-roles",
      severity: "info",
      title: "a declared tool does not say what its arguments are for",
      why: "Each then counts as the thing that is acted on, and is asked where it could have passed.",
      fix: "write the `role` of each argument",
      references: ["CWE-1059"],
      bad: ({ arguments: args }) => (Object.keys(args).length === 0 ? "" : null),
    }),
    setting({
      id: "tools.browser.memory",
      severity: "low",
      title: "the browser may take more than 8 GiB of memory",
      why: "A page can fill what it is given; then the machine swaps and the gateway with it.",
      fix: "take the key out",
      references: ["LLM10", "AML.T0029", "CWE-770"],
      keys: ["tools.browser.memoryMb"],
      bad: above(8_192, "MiB"),
    }),
    setting({
      id: "tools.browser.idle",
      severity: "low",
      title: "an idle browser stays open for more than 30 minutes",
      why: "What a page left in it is there for the next call of the session.",
      fix: "take the key out",
      references: ["ASI06", "CWE-613"],
      keys: ["tools.browser.idleSeconds"],
      bad: above(1_800, "seconds"),
    }),
  ],
};
