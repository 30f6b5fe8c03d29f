/** Checks of what the program is made of: Node, packages, what is loaded into it. @module */
import type { Check, Family } from "../check.ts";
import type { DependencyFacts } from "../facts-state.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

/** Last day of support of each line of Node, by the project's own plan. */
const NODE_ENDS: Readonly<Record<number, string>> = {
  18: "2025-04-30",
  20: "2026-04-30",
  22: "2027-04-30",
  23: "2025-06-01",
  24: "2028-04-30",
  25: "2026-06-01",
  26: "2029-04-30",
};

function locked(at: Installation): NonNullable<DependencyFacts["locked"]> | null {
  return need(at.dependencies).locked;
}

const loaded = (at: Installation): readonly string[] => {
  const { own, here } = need(at.processes);
  const running = own.filter(({ kind }) => kind === "gateway");
  return [...new Set((running.length > 0 ? running : [here]).flatMap(({ loaders }) => loaders))];
};

const TRUSTING = ["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS"];

const packages: readonly Check[] = [
  {
    id: "deps.lock.missing",
    severity: "high",
    title: "there is no lockfile",
    why: "Each installation then takes whatever a registry hands out that day.",
    fix: "install from a release, or `npm ci` in a checkout",
    references: ["LLM03", "ASI04", "AML.T0010", "CWE-829"],
    look: (at) => (locked(at) === null ? ["no package-lock.json beside the program"] : []),
  },
  {
    id: "deps.lock.no-integrity",
    severity: "high",
    title: "packages are locked without a hash",
    why: "What a registry or a mirror hands out under that version is taken as it is.",
    fix: "`npm install --package-lock-only`, and look at what changed",
    references: ["LLM03", "ASI04", "AML.T0010", "CWE-353"],
    look: (at) => locked(at)?.withoutIntegrity ?? [],
  },
  {
    id: "deps.lock.odd-source",
    severity: "medium",
    title: "packages come from elsewhere than a registry over TLS",
    why: "A git branch or a bare address is changed by whoever owns it, at any time.",
    fix: "take a release from a registry",
    references: ["LLM03", "ASI04", "AML.T0010", "CWE-494"],
    look: (at) => locked(at)?.oddSources ?? [],
  },
  {
    id: "deps.scripts",
    severity: "medium",
    title: "packages may run scripts when they are installed",
    why: "They run as you, before anybody looked at them.",
    fix: "write `ignore-scripts=true` into `.npmrc` beside the program",
    references: ["LLM03", "ASI04", "AML.T0010", "CWE-829"],
    look(at) {
      const { scriptsOff } = need(at.dependencies);
      return scriptsOff ? [] : (locked(at)?.scripts ?? []);
    },
  },
  {
    id: "deps.unpinned",
    severity: "low",
    title: "dependencies are named with a range",
    why: "The next install may take another version than was looked at.",
    fix: "write exact versions",
    references: ["LLM03", "ASI04", "CWE-1357"],
    look: (at) => need(at.dependencies).unpinned,
  },
  {
    id: "deps.installed.differs",
    severity: "high",
    title: "packages are installed in another version than locked",
    why: "Somebody installed by hand, or an update stopped half way: what runs is not what was looked at.",
    fix: "`npm ci`",
    references: ["LLM03", "ASI04", "CWE-1357"],
    look: (at) => need(at.dependencies).differing,
  },
  {
    id: "deps.installed.missing",
    severity: "medium",
    title: "locked packages are not installed",
    why: "What needs them fails when it is first used.",
    fix: "`npm ci`",
    references: ["CWE-1357"],
    look: (at) => need(at.dependencies).missing,
  },
  {
    id: "deps.installed.extra",
    severity: "medium",
    title: "packages are installed that nobody locked",
    why: "Node loads them by name for whoever asks: also for a package that only hoped for one.",
    fix: "`npm ci`",
    references: ["LLM03", "ASI04", "CWE-427"],
    look: (at) => need(at.dependencies).extraneous,
  },
];

export const dependencies: Family = {
  name: "dependencies",
  says: "what the program is made of: Node, packages, what is loaded into it",
  checks: [
    ...packages,
    {
      id: "deps.node.unsupported",
      severity: "high",
      title: "this version of Node gets no security fixes",
      why: "Known holes stay open.",
      fix: "take a supported line: `npm run setup` brings one",
      references: ["ASI04", "CWE-1104"],
      look(at) {
        const { node } = need(at.dependencies);
        const major = Number(node.split(".")[0]);
        const ends = NODE_ENDS[major];
        if (major < 24) return [`Node ${node}: this program needs 24`];
        return ends !== undefined && at.nowMs > Date.parse(`${ends}T23:59:59Z`)
          ? [`Node ${node}: support ended on ${ends}`]
          : [];
      },
    },
    {
      id: "deps.node.unknown",
      severity: "low",
      title: "nothing is known about the support of this line of Node",
      why: "It is newer than this program; its own end of support is not in its tables.",
      fix: "look at Node's release plan, or take a line with long-term support",
      references: ["CWE-1104"],
      look(at) {
        const { node } = need(at.dependencies);
        const major = Number(node.split(".")[0]);
        return major >= 24 && NODE_ENDS[major] === undefined ? [`Node ${node}`] : [];
      },
    },
    {
      id: "deps.node.options",
      severity: "high",
      title: "the environment makes Node load something else",
      why: "`NODE_OPTIONS` and its like put code into the gateway before its own.",
      fix: "unset it for the gateway",
      references: ["ASI04", "CWE-426", "CWE-427"],
      look: (at) => loaded(at).filter((name) => name.startsWith("NODE_") && !TRUSTING.includes(name)),
    },
    {
      id: "deps.tls.unchecked",
      severity: "critical",
      title: "certificates are not checked",
      why: "Everybody on the way can be the model's provider, and any host that is listed.",
      fix: "unset `NODE_TLS_REJECT_UNAUTHORIZED` for the gateway",
      references: ["CWE-295"],
      look: (at) => loaded(at).filter((name) => name === "NODE_TLS_REJECT_UNAUTHORIZED"),
    },
    {
      id: "deps.tls.extra",
      severity: "medium",
      title: "an authority beside the shipped ones is believed",
      why: "Whoever has its key can be the model's provider, and any host that is listed.",
      fix: "unset `NODE_EXTRA_CA_CERTS` for the gateway unless a proxy of yours needs it",
      references: ["CWE-295", "CWE-296"],
      look: (at) => loaded(at).filter((name) => name === "NODE_EXTRA_CA_CERTS"),
    },
    {
      id: "deps.preload",
      severity: "high",
      title: "the environment makes every program load a library",
      why: "It is code inside of the gateway that nobody locked.",
      fix: "unset it for the gateway",
      references: ["ASI04", "CWE-426", "CWE-427"],
      look: (at) => loaded(at).filter((name) => name.startsWith("LD_")),
    },
  ],
};
