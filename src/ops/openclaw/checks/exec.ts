/** Commands: who is asked before one runs. @module */
import type { OpenClawFamily } from "../check.ts";
import { type Effective, runsUnasked, has } from "../effective.ts";
import { at as valueAt, listAt, objectAt, textAt } from "../values.ts";

const INTERPRETER =
  /^(.*\/)?(python[\d.]*|node|deno|bun|ruby|perl|php|lua|bash|sh|zsh|osascript|pwsh|powershell|awk|gawk)$/;
const BROAD = /^(.*\/)?(awk|gawk|sed|jq|find|xargs|env|tar|git|curl|wget|ssh|vim?|less|make)$/;
const WRITABLE = /^(\/tmp|\/var\/tmp|\/home\/|~|\.)/;

/** `tools.exec` of everybody and of each agent. */
function execs({
  config,
}: Effective): readonly { readonly place: string; readonly value: ReturnType<typeof objectAt> }[] {
  return [
    { place: "tools.exec", value: objectAt(config, "tools.exec") },
    ...Object.entries(objectAt(config, "agents.entries")).map(([id, own]) => ({
      place: `agents.entries.${id}.tools.exec`,
      value: objectAt(own, "tools.exec"),
    })),
  ];
}

function allowlist({ home }: Effective): readonly string[] {
  return Object.entries(objectAt(home.state?.approvals ?? {}, "agents")).flatMap(([, agent]) => {
    const entries = valueAt(agent, "allowlist");
    return Array.isArray(entries) ? entries.flatMap((one) => textAt(one, "pattern") ?? []) : [];
  });
}

export const exec: OpenClawFamily = {
  name: "exec",
  checks: [
    {
      id: "vambrace.exec.effective_full",
      severity: "critical",
      title: "every command runs on the host, and nobody is asked",
      why: "Where nothing is written, OpenClaw runs commands with full rights and never asks; its own audit says nothing of it.",
      fix: "set tools.exec.security to allowlist, set tools.exec.ask to on-miss, and set agents.defaults.sandbox.mode to all",
      references: ["LLM06", "ASI05", "AML.T0053", "CWE-78"],
      look: (at) =>
        at.agents
          .filter(runsUnasked)
          .map(
            (one) =>
              `agent ${one.id}: ${one.exec.written ? "written" : "by default"} security=full, ask=off, host=${one.exec.host}`,
          ),
    },
    {
      id: "tools.exec.security_full_configured",
      severity: "high",
      title: "full exec is written into the configuration",
      why: "Any command that the model writes runs.",
      fix: "set tools.exec.security to allowlist",
      references: ["LLM06", "CWE-78"],
      look: (at) =>
        execs(at).flatMap(({ place, value }) =>
          textAt(value, "security") === "full" || textAt(value, "mode") === "full" ? [place] : [],
        ),
    },
    {
      id: "tools.exec.host_sandbox_no_sandbox",
      severity: "medium",
      title: "exec asks for a sandbox that is off",
      why: "It looks as if commands were contained; they fail instead, and somebody will turn it the other way.",
      fix: "set sandbox.mode to all",
      references: ["CWE-1188"],
      look: (at) =>
        at.agents
          .filter((one) => one.exec.host === "sandbox" && one.sandboxed === "off")
          .map((one) => `agent ${one.id}`),
    },
    {
      id: "tools.exec.fs_tools_disabled_but_exec_enabled",
      severity: "medium",
      title: "file tools are off, and commands can write all the same",
      why: "It looks read-only and is not.",
      fix: "deny exec as well, or mount the workspace read-only",
      references: ["CWE-1188"],
      look: (at) =>
        at.agents
          .filter((one) => !has(one, "write", "edit") && has(one, "exec") && one.exec.security !== "deny")
          .map((one) => `agent ${one.id}`),
    },
    {
      id: "tools.exec.auto_allow_skills_enabled",
      severity: "high",
      title: "programs of skills are approved by themselves",
      why: "A skill is a stranger's text and programs.",
      fix: "set autoAllowSkills to false in the approvals",
      references: ["LLM03", "ASI04"],
      look: ({ home }) =>
        valueAt(home.state?.approvals ?? {}, "defaults.autoAllowSkills") === true
          ? ["approvals: defaults.autoAllowSkills"]
          : [],
    },
    {
      id: "vambrace.exec.approvals_fallback",
      severity: "high",
      title: "where nobody can answer, the command runs",
      why: "Silence is a yes.",
      fix: "set askFallback to deny in the approvals",
      references: ["CWE-636"],
      look: ({ home }) => {
        const fallback = textAt(home.state?.approvals ?? {}, "defaults.askFallback");
        return fallback === "full" || fallback === "allowlist" ? [`approvals: defaults.askFallback ${fallback}`] : [];
      },
    },
    {
      id: "tools.exec.allowlist_interpreter_without_strict_inline_eval",
      severity: "high",
      title: "an interpreter is allowed with any code",
      why: "`python -c …` is every program at once.",
      fix: "set tools.exec.strictInlineEval, or take the interpreter out",
      references: ["CWE-184", "CWE-78"],
      look: (at) =>
        valueAt(at.config, "tools.exec.strictInlineEval") === true
          ? []
          : allowlist(at).filter((one) => INTERPRETER.test(one)),
    },
    {
      id: "tools.exec.safe_bins_interpreter_unprofiled",
      severity: "high",
      title: "an interpreter counts as a safe program",
      why: "It runs whatever it is given.",
      fix: "take it out of tools.exec.safeBins",
      references: ["CWE-184"],
      look: (at) =>
        execs(at).flatMap(({ place, value }) =>
          listAt(value, "safeBins")
            .filter((one) => INTERPRETER.test(one))
            .map((one) => `${place}.safeBins: ${one}`),
        ),
    },
    {
      id: "tools.exec.safe_bins_broad_behavior",
      severity: "medium",
      title: "a program that can start others counts as safe",
      why: "One of its options runs a command or writes a file.",
      fix: "take it out of tools.exec.safeBins",
      references: ["CWE-184"],
      look: (at) =>
        execs(at).flatMap(({ place, value }) =>
          listAt(value, "safeBins")
            .filter((one) => BROAD.test(one) && !INTERPRETER.test(one))
            .map((one) => `${place}.safeBins: ${one}`),
        ),
    },
    {
      id: "tools.exec.safe_bin_trusted_dirs_risky",
      severity: "medium",
      title: "safe programs are looked for where others can write",
      why: "Who writes there decides what a safe program is.",
      fix: "keep system folders only in safeBinTrustedDirs",
      references: ["CWE-426"],
      look: (at) =>
        execs(at).flatMap(({ place, value }) =>
          listAt(value, "safeBinTrustedDirs")
            .filter((one) => WRITABLE.test(one))
            .map((one) => `${place}.safeBinTrustedDirs: ${one}`),
        ),
    },
  ],
};
