/** Checks of secrets that lie about. @module */
import type { Check, Family } from "../check.ts";
import type { SecretPlace } from "../facts-state.ts";
import { place, take } from "./files.ts";
import { need } from "../known.ts";

const at = ({ path, line, what }: SecretPlace): string =>
  line === 0 ? `${path}: ${what}` : `${path}, line ${line}: ${what}`;

type Lying = Omit<Check, "look"> & {
  readonly where: SecretPlace["where"];
  readonly only?: (one: SecretPlace) => boolean;
};

function lying({ where, only, ...words }: Lying): Check {
  return {
    ...words,
    look: (all) =>
      need(all.secrets)
        .filter((one) => one.where === where && (only?.(one) ?? true))
        .map(at),
  };
}

const found: readonly Check[] = [
  lying({
    id: "secrets.shell-history",
    severity: "medium",
    title: "a secret stands in the history of a shell",
    why: "It was typed as an argument; the file is in backups, and each program of yours reads it.",
    fix: "give out a new one, take the line out, and set keys from a file that only you can read",
    references: ["AML.T0055", "CWE-532", "CWE-214"],
    where: "shell history",
  }),
  lying({
    id: "secrets.startup.open",
    severity: "high",
    title: "a secret stands in a start-up file that others can read",
    why: "Every user of this machine has it.",
    fix: "`chmod 600` the file, and give out a new one",
    references: ["AML.T0055", "CWE-522", "CWE-732"],
    where: "start-up file",
    only: ({ open }) => open,
  }),
  lying({
    id: "secrets.startup",
    severity: "low",
    title: "a secret stands in a file that is read when you log in",
    why: "Every program that you start gets it, whether it needs it or not.",
    fix: "set it only for the gateway: an `EnvironmentFile` of its service, mode 600",
    references: ["AML.T0055", "CWE-526"],
    where: "start-up file",
    only: ({ open }) => !open,
  }),
  lying({
    id: "secrets.workspace",
    severity: "high",
    title: "a secret stands in a file of the workspace",
    why: "The agent reads what lies there. It is redacted where its shape is known, and can be told in pieces.",
    fix: "move it out, give out a new one, and name it in `egress.credentials`",
    references: ["LLM02", "AML.T0055", "CWE-312", "CWE-798"],
    where: "workspace",
  }),
  lying({
    id: "secrets.git",
    severity: "high",
    title: "a login lies in clear for git",
    why: "`~/.git-credentials` and `~/.netrc` hold passwords as they are typed.",
    fix: "use a credential helper that encrypts, and give out a new one",
    references: ["AML.T0055", "CWE-256", "CWE-522"],
    where: "git",
  }),
  lying({
    id: "secrets.git.history",
    severity: "high",
    title: "a secret stands in the history of a repository in a workspace",
    why: "What was committed once goes wherever the repository goes, and the agent can read it.",
    fix: "give out a new one; `git log --all --find-object=OBJECT` shows which commit, `git filter-repo` takes it out",
    references: ["LLM02", "AML.T0055", "CWE-540", "CWE-312"],
    where: "git history",
  }),
  lying({
    id: "secrets.logins",
    severity: "low",
    title: "a tool keeps a login in clear in your home folder",
    why: "Agents do not see it; every program that you start does, and so does each backup.",
    fix: "use the tool's credential helper, or a login that ends by itself; keep the file at mode 600",
    references: ["AML.T0055", "CWE-256", "CWE-522"],
    where: "login of a tool",
  }),
  lying({
    id: "secrets.logs",
    severity: "high",
    title: "a secret stands in a log of the gateway",
    why: "Logs are copied to others when something does not work. What is known is redacted; this was not known.",
    fix: "give out a new one, and remove that log",
    references: ["LLM02", "AML.T0055", "CWE-532"],
    where: "log",
  }),
];

export const secrets: Family = {
  name: "secrets",
  says: "secrets that lie about: history, start-up files, workspace, logs, environment",
  checks: [
    ...found,
    {
      id: "secrets.environment.strange",
      severity: "medium",
      title: "the gateway's environment holds secrets that it does not need",
      why: "It inherits what your terminal has. Sandboxes get none of it; the process and its dumps do.",
      fix: 'start it with what it needs: `env -i HOME="$HOME" PATH="$PATH" ANTHROPIC_API_KEY=… vambrace start`, or as a service',
      references: ["AML.T0055", "CWE-526"],
      look(all) {
        const { own, here } = need(all.processes);
        const running = own.filter(({ kind }) => kind === "gateway");
        return [...new Set((running.length > 0 ? running : [here]).flatMap(({ strangeSecrets }) => strangeSecrets))];
      },
    },
    {
      id: "secrets.environment.helpers",
      severity: "high",
      title: "a helper or a sandbox has secrets in its environment",
      why: "They are born with an empty one: broker and proxy speak with what strangers wrote.",
      fix: "end the gateway and look how it was started",
      references: ["AML.T0055", "CWE-526", "CWE-653"],
      look: (all) =>
        need(all.processes).own.flatMap(({ kind, pid, strangeSecrets }) =>
          kind === "gateway" || strangeSecrets.length === 0
            ? []
            : [`${kind}, process ${pid}: ${strangeSecrets.join(", ")}`],
        ),
    },
    {
      id: "secrets.arguments",
      severity: "high",
      title: "a secret stands on the command line of a process of ours",
      why: "Every user of this machine can read it.",
      fix: "set it in the environment, and give out a new one",
      references: ["AML.T0055", "CWE-214"],
      look: (all) =>
        need(all.processes)
          .own.filter(({ secretInArguments }) => secretInArguments)
          .map(({ kind, pid }) => `${kind}, process ${pid}`),
    },
    {
      id: "secrets.keys.open",
      severity: "high",
      title: "others can read private keys or logins of yours",
      why: "Who has them logs in as you elsewhere.",
      fix: "`chmod 600` them",
      references: ["AML.T0055", "CWE-732"],
      look: (all) => need(all.files).openKeys.map(place),
      mend: (all) =>
        take(
          need(all.files).openKeys.filter(({ uid }) => uid === need(all.host).uid),
          0o077,
        ),
    },
    {
      id: "secrets.core-dumps",
      severity: "low",
      title: "a crash of the gateway writes its memory to a file",
      why: "Keys and conversations are in it.",
      fix: "`ulimit -c 0` before it is started, or `LimitCORE=0` in its service",
      references: ["AML.T0055", "CWE-528"],
      look(all) {
        const { own, here } = need(all.processes);
        const running = own.filter(({ kind }) => kind === "gateway");
        return (running.length > 0 ? running : [here]).flatMap(({ coreBytes }) =>
          coreBytes !== null && coreBytes > 0
            ? [coreBytes === Number.POSITIVE_INFINITY ? "unlimited" : `up to ${coreBytes} bytes`]
            : [],
        );
      },
    },
  ],
};
