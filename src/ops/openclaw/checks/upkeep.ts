/** Settings that weaken, records, and what starts by itself. @module */
import type { JsonValue } from "../../../core/json.ts";
import type { OpenClawFamily } from "../check.ts";
import { type Effective, RELEASE } from "../effective.ts";
import { at as valueAt, objectAt, textAt } from "../values.ts";

const DANGEROUS: readonly { readonly path: string; readonly bad: JsonValue }[] = [
  { path: "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback", bad: true },
  { path: "hooks.gmail.allowUnsafeExternalContent", bad: true },
  { path: "tools.exec.applyPatch.workspaceOnly", bad: false },
  { path: "tools.fs.workspaceOnly", bad: false },
  { path: "hooks.allowRequestSessionKey", bad: true },
  { path: "browser.ssrfPolicy.dangerouslyAllowPrivateNetwork", bad: true },
  { path: "tools.web.fetch.ssrfPolicy.dangerouslyAllowPrivateNetwork", bad: true },
  { path: "agents.defaults.sandbox.docker.dangerouslyAllowReservedContainerTargets", bad: true },
  { path: "agents.defaults.sandbox.docker.dangerouslyAllowExternalBindSources", bad: true },
  { path: "agents.defaults.sandbox.docker.dangerouslyAllowContainerNamespaceJoin", bad: true },
];

/** Below this, known advisories apply. @see shared reference, section 11: the newest bound of a fix that was seen */
const FIXED = [2026, 6, 6] as const;

function isOlder(version: string): boolean {
  const parts = version.split(".").map((part) => Number.parseInt(part, 10));
  for (const [i, bound] of FIXED.entries()) {
    const part = parts[i] ?? 0;
    if (Number.isNaN(part)) return true;
    if (part !== bound) return part < bound;
  }
  return false;
}

function versionOf({ config, home }: Effective): string | null {
  return textAt(config, "meta.lastTouchedVersion") ?? home.state?.version ?? null;
}

export const upkeep: OpenClawFamily = {
  name: "upkeep",
  checks: [
    {
      id: "vambrace.config.missing",
      severity: "info",
      title: "there is no configuration",
      why: "Every default holds, and OpenClaw's defaults are open.",
      fix: "nothing, where it is not used; else write one",
      references: ["CWE-1188"],
      look: ({ home }) =>
        home.present && Object.keys(home.config).length === 0 && home.unread.length === 0 ? [home.configPath] : [],
    },
    {
      id: "config.insecure_or_dangerous_flags",
      severity: "high",
      title: "a setting whose name says that it is dangerous",
      why: "Each takes one wall away.",
      fix: "unset it",
      references: ["CWE-1188"],
      look: ({ config }) =>
        DANGEROUS.filter(({ path, bad }) => valueAt(config, path) === bad).map(
          ({ path, bad }) => `${path}: ${JSON.stringify(bad)}`,
        ),
    },
    {
      id: "vambrace.config.decided_elsewhere",
      severity: "low",
      title: "a variable that nothing here sets decides a setting",
      why: "What it comes to is not known to this audit: a check may have found nothing for that reason.",
      fix: "write the setting itself; keep variables for secrets",
      references: ["CWE-1188"],
      look: ({ home }) => home.undecided,
    },
    {
      id: "vambrace.homes.others",
      severity: "medium",
      title: "another OpenClaw of this user was not looked at",
      why: "Each profile has its own keys, channels and gateway; what an older name left has the keys of then.",
      fix: "`vambrace security audit --target openclaw --home FOLDER` for each; remove what is not used",
      references: ["CWE-1059"],
      look: ({ home }) => home.others,
    },
    {
      id: "security.audit.suppressions.active",
      severity: "info",
      title: "findings of its own audit are hidden",
      why: "Hidden is not mended, and a suppression has neither owner nor end.",
      fix: "look at each again",
      references: [],
      look: ({ config }) => {
        const list = valueAt(config, "security.audit.suppressions");
        return Array.isArray(list) ? list.map((one) => textAt(one, "checkId") ?? "unnamed") : [];
      },
    },
    {
      id: "vambrace.records.off",
      severity: "high",
      title: "actions are not recorded",
      why: "Nobody can say afterwards what was done.",
      fix: "set logging.audit.enabled to true",
      references: ["CWE-778"],
      look: ({ config }) =>
        valueAt(config, "logging.audit.enabled") === false ? ["logging.audit.enabled: false"] : [],
    },
    {
      id: "vambrace.records.no_proof",
      severity: "medium",
      title: "the record can be changed by whoever can write the file",
      why: "No chain, no signature; direct HTTP calls, the terminal and messages are not in it, and a crash loses the end.",
      fix: "ship it elsewhere at once, or use a gateway with a ledger",
      references: ["CWE-117", "CWE-778"],
      look: ({ home }) => (home.state === null ? [] : [`${home.root}/state/openclaw.sqlite: audit_events`]),
    },
    {
      id: "vambrace.records.messages_off",
      severity: "low",
      title: "messages are not recorded",
      why: "Who wrote what led to what cannot be told.",
      fix: "set logging.audit.messages to all",
      references: ["CWE-778"],
      look: ({ config }) => {
        const value = textAt(config, "logging.audit.messages") ?? "off";
        return value === "off" ? ["logging.audit.messages: off by default"] : [];
      },
    },
    {
      id: "vambrace.backup.none",
      severity: "medium",
      title: "no backup was ever made",
      why: "After an incident there is nothing to go back to.",
      fix: "`openclaw backup create`, encrypted by other means: the archive is in clear",
      references: ["CWE-693"],
      look: ({ home }) => (home.state?.backupRuns === 0 ? ["backup_runs: empty"] : []),
    },
    {
      id: "vambrace.rest.unencrypted",
      severity: "low",
      title: "conversations and keys lie in clear",
      why: "Who has the disk or a backup has them.",
      fix: "encrypt the disk",
      references: ["CWE-311"],
      look: ({ home }) => home.files.filter(({ path }) => path.endsWith(".sqlite")).map(({ path }) => path),
    },
    {
      id: "vambrace.version.old",
      severity: "critical",
      title: "the release has known holes",
      why: `Advisories of 2026 apply below ${FIXED.join(".")}.`,
      fix: "update OpenClaw",
      references: ["LLM03", "CWE-1395"],
      look: (at) => {
        const version = versionOf(at);
        return version !== null && isOlder(version) ? [version] : [];
      },
    },
    {
      id: "vambrace.version.unknown",
      severity: "low",
      title: `judged by the defaults of ${RELEASE}`,
      why: "Another release may have others.",
      fix: "look at the release notes between the two",
      references: [],
      look: (at) => {
        const version = versionOf(at);
        return version === RELEASE ? [] : [version ?? "no version is written"];
      },
    },
    {
      id: "vambrace.self.heartbeat",
      severity: "medium",
      title: "the agent acts by itself",
      why: "A turn every half hour reads what lies about, and nobody watches; on unless every agent says otherwise.",
      fix: "set agents.defaults.heartbeat.every to 0m",
      references: ["LLM06", "ASI10"],
      look: ({ config }) => {
        const shared = textAt(config, "agents.defaults.heartbeat.every");
        const own = Object.entries(objectAt(config, "agents.entries")).map(
          ([id, value]) => [`agents.entries.${id}`, textAt(value, "heartbeat.every")] as const,
        );
        return [["agents.defaults", shared ?? "30m by default"] as const, ...own].flatMap(([place, every]) =>
          every === null || /^0(?!\.)/.test(every) ? [] : [`${place}.heartbeat.every: ${every}`],
        );
      },
    },
    {
      id: "vambrace.self.dreaming",
      severity: "medium",
      title: "memory is rewritten by itself at night",
      why: "What a stranger's text left in the day becomes lasting memory.",
      fix: "set plugins.entries.memory-core.config.dreaming.enabled to false",
      references: ["ASI06", "AML.T0080"],
      look: ({ config }) =>
        valueAt(config, "plugins.entries.memory-core.config.dreaming.enabled") === false
          ? []
          : ["plugins.entries.memory-core.config.dreaming.enabled: on by default"],
    },
    {
      id: "vambrace.self.skills_written",
      severity: "high",
      title: "the agent writes skills for itself",
      why: "A hijacked turn leaves orders behind that count as the operator's; nobody approves them.",
      fix: "set skills.workshop.autonomous.mode to off and approvalPolicy to pending",
      references: ["ASI06", "ASI10", "LLM03"],
      look: ({ config }) => {
        const mode = textAt(config, "skills.workshop.autonomous.mode") ?? "auto";
        const policy = textAt(config, "skills.workshop.approvalPolicy") ?? "auto";
        return [
          ...(mode === "auto" ? ["skills.workshop.autonomous.mode: auto"] : []),
          ...(policy === "auto" ? ["skills.workshop.approvalPolicy: auto"] : []),
        ];
      },
    },
    {
      id: "vambrace.cron.orders",
      severity: "medium",
      title: "a schedule gives the agent all tools",
      why: "It runs without anybody there; who could write it once acts again and again.",
      fix: "look at each, and give it the tools that it needs (`--tools`)",
      references: ["ASI10", "LLM06"],
      look: ({ home }) =>
        (home.state?.jobs ?? [])
          .filter((job) => job.enabled && job.payload === "agentTurn")
          .map((job) => `${job.name}${job.declaredBy === null ? "" : ` (by ${job.declaredBy})`}`),
    },
  ],
};
