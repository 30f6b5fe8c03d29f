/** Checks of the sandbox: that it was tried out and held, and what it is built of. @module */
import { above, type Check, type Family, isOneOf, setting } from "../check.ts";
import type { ProofFacts } from "../facts-host.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

const proofOf = (at: Installation): ProofFacts => need(need(at.sandbox).proof);

const proved: readonly Check[] = [
  {
    id: "sandbox.proof.broken",
    severity: "critical",
    title: "something got out of the sandbox",
    why: "The sandbox is the boundary: the analysis of commands only decides who is asked.",
    fix: "`vambrace security prove` shows each; commands are refused until it holds",
    references: ["LLM06", "ASI05", "CWE-693", "CWE-265"],
    look: (at) => proofOf(at).broken,
  },
  {
    id: "sandbox.proof.thin",
    severity: "high",
    title: "too few attempts counted to show that the sandbox holds",
    why: "An attempt that fails with and without walls shows nothing.",
    fix: "`vambrace security prove` says why each was skipped",
    references: ["CWE-693"],
    look(at) {
      const { attempts, floor } = proofOf(at);
      return attempts < Math.max(1, floor) ? [`${attempts} of at least ${Math.max(1, floor)}`] : [];
    },
  },
  {
    id: "sandbox.limits.without-groups",
    severity: "low",
    title: "limits of the sandbox are not kept by control groups",
    why: "Memory is then limited for each process and not for all of them together.",
    fix: "run the gateway where systemd delegates a control group to it (`systemd-run --user --scope -p Delegate=yes`)",
    references: ["LLM10", "CWE-770"],
    look: (at) => proofOf(at).weakLimits,
  },
  {
    id: "sandbox.proof.old",
    severity: "medium",
    title: "the sandbox was not tried out for a day",
    why: "A kernel or an engine that was changed meanwhile may let out what it kept before.",
    fix: "`vambrace security prove`",
    references: ["CWE-693"],
    look(at) {
      const { atMs } = proofOf(at);
      return at.nowMs - atMs > 26 * 3_600_000 ? [`last on ${new Date(atMs).toISOString()}`] : [];
    },
  },
];

const built: readonly Check[] = [
  {
    id: "sandbox.bwrap.missing",
    severity: "high",
    title: "bubblewrap is not installed",
    why: "File tools always run in it, commands by default: nothing runs.",
    fix: "install it: `apt-get install bubblewrap`",
    references: ["CWE-693"],
    look: (at) => (need(at.sandbox).bwrap === null ? ["not found in the folders of the system"] : []),
  },
  {
    id: "sandbox.bwrap.set-uid",
    severity: "medium",
    title: "bubblewrap runs as root for everybody",
    why: "Its set-uid mode had holes of its own; where user namespaces are allowed nobody needs it.",
    fix: "`chmod u-s` it, and allow user namespaces",
    references: ["CWE-250", "CWE-269"],
    look(at) {
      const { bwrap } = need(at.sandbox);
      return bwrap !== null && (bwrap.mode & 0o4000) !== 0 ? [bwrap.path] : [];
    },
  },
  {
    id: "sandbox.bwrap.open",
    severity: "critical",
    title: "somebody else can change bubblewrap",
    why: "Who changes it decides what the walls are.",
    fix: "install it anew from the distribution",
    references: ["ASI04", "CWE-732"],
    look(at) {
      const { bwrap } = need(at.sandbox);
      return bwrap !== null && (bwrap.uid !== 0 || (bwrap.mode & 0o022) !== 0) ? [bwrap.path] : [];
    },
  },
  {
    id: "sandbox.engine.missing",
    severity: "high",
    title: "the container engine's socket is not there",
    why: "Commands are refused while the back-end that is configured does not answer.",
    fix: "start the engine, or write `backend: bubblewrap`",
    references: ["CWE-693"],
    look(at) {
      const { engine } = need(at.sandbox);
      return engine !== null && !engine.isThere ? [engine.socket] : [];
    },
  },
  {
    id: "sandbox.engine.root",
    severity: "medium",
    title: "the container engine runs as root",
    why: "A hole in it, or in what the gateway asks of it, is root on this machine.",
    fix: "use rootless Podman: its socket is in `/run/user/UID`",
    references: ["ASI05", "CWE-250"],
    look(at) {
      const { engine } = need(at.sandbox);
      return engine?.asRoot === true ? [engine.socket] : [];
    },
  },
  {
    id: "sandbox.engine.open",
    severity: "critical",
    title: "everybody on this machine may use the container engine",
    why: "Its socket is root, or this user, for whoever writes to it.",
    fix: "`chmod o-rw` the socket",
    references: ["CWE-732", "CWE-250"],
    look(at) {
      const { engine } = need(at.sandbox);
      return engine?.isThere === true && (engine.mode & 0o002) !== 0 ? [engine.socket] : [];
    },
  },
  {
    id: "sandbox.memory.share",
    severity: "low",
    title: "one sandbox may take more than half of the machine's memory",
    why: "Two of them, and the machine is out of memory, with the gateway.",
    fix: "lower `agents.defaults.sandbox.memoryMb`",
    references: ["LLM10", "AML.T0029", "CWE-770"],
    look(at) {
      const { memoryMb } = need(at.effective).settings.agents.defaults.sandbox;
      const total = Math.floor(need(at.host).memoryBytes / 1_048_576);
      return memoryMb > total / 2 ? [`${memoryMb} of ${total} MiB`] : [];
    },
  },
];

const SANDBOX = ["agents.defaults.sandbox", "sandbox", "agents.entries.*.sandbox", "tools.sandbox"];
const keys = (name: string): readonly string[] => SANDBOX.map((place) => `${place}.${name}`);

export const sandbox: Family = {
  name: "sandbox",
  says: "the sandbox: that it was tried out and held, and what it is built of",
  checks: [
    setting({
      id: "sandbox.off",
      severity: "critical",
      title: "the configuration asks for no sandbox",
      why: "Commands would run as you. A gateway does not start with it.",
      fix: "take the key out: there is no mode without it",
      references: ["LLM06", "ASI05", "CWE-693"],
      keys: [...keys("enabled"), ...keys("mode")],
      bad: isOneOf(false, "off", "none", "non-main"),
    }),
    ...proved,
    ...built,
    setting({
      id: "sandbox.memory.large",
      severity: "low",
      title: "a command may take more than 16 GiB of memory",
      why: "What is given is taken, by a bomb as by a build.",
      fix: "take the key out; the default is 2 GiB",
      references: ["LLM10", "CWE-770"],
      keys: ["agents.defaults.sandbox.memoryMb"],
      bad: above(16_384, "MiB"),
    }),
    setting({
      id: "sandbox.processes.many",
      severity: "low",
      title: "a command may start more than 4096 processes",
      why: "A fork bomb then takes the machine's own share.",
      fix: "take the key out; the default is 256",
      references: ["LLM10", "CWE-770"],
      keys: ["agents.defaults.sandbox.processes"],
      bad: above(4_096, "processes"),
    }),
    setting({
      id: "sandbox.file.large",
      severity: "low",
      title: "a command may write a file of more than 16 GiB",
      why: "A full disk stops the ledger, and with it the gateway.",
      fix: "take the key out; the default is 512 MiB",
      references: ["LLM10", "CWE-770"],
      keys: ["agents.defaults.sandbox.fileMb"],
      bad: above(16_384, "MiB"),
    }),
  ],
};
