/** Checks of what really listens, by the kernel's own tables; the configuration is not asked. @module */
import type { Check, Family } from "../check.ts";
import { isLoopbackAddress, isWide } from "../addresses.ts";
import type { ListenerFacts } from "../facts-host.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

const tcp = (at: Installation): readonly ListenerFacts[] =>
  need(at.listeners).filter(({ protocol }) => protocol === "tcp");

function place({ protocol, address, port, owner, program }: ListenerFacts): string {
  const whose = owner === null ? (program ?? "another program") : `${owner.kind}, process ${owner.pid}`;
  return `${protocol} ${address.includes(":") ? `[${address}]` : address}:${port} (${whose})`;
}

type Known = Pick<Check, "id" | "title" | "fix"> & {
  readonly severity?: Check["severity"];
  /** Of this service alone: whatever listens there is it. */
  readonly ports: readonly number[];
  /** Ports that others use as well: then the name has to say so, where there is one. */
  readonly shared?: readonly number[];
  /** Names of its programs, on whatever port. */
  readonly programs?: RegExp;
  readonly anywhere?: boolean;
  readonly why: string;
  readonly references: readonly string[];
};

/** Services of others that are known by their port and that give whoever reaches them power over this machine. */
function service({ ports, shared = [], programs = /^$/, anywhere, ...words }: Known): Check {
  const isIt = ({ port, program }: ListenerFacts): boolean =>
    ports.includes(port) || (program === null ? shared.includes(port) : programs.test(program));
  return {
    severity: "high",
    ...words,
    look: (at) =>
      tcp(at)
        .filter((one) => one.owner === null && isIt(one) && (anywhere === true || isWide(one.address)))
        .map(place),
  };
}

const services: readonly Check[] = [
  service({
    id: "exposure.model-server",
    title: "a model server on this machine listens beyond it",
    why: "Ollama and its like know no passwords: whoever reaches them uses them, replaces the model that your agent obeys, and reads what it is asked.",
    fix: "bind it to loopback (`OLLAMA_HOST=127.0.0.1`)",
    references: ["LLM03", "ASI04", "CWE-306"],
    ports: [11_434],
    shared: [1_234],
    programs: /^(?:ollama|llama[-_.]|vllm|koboldcpp|lm[- ]?studio|lms$|local-?ai|tabby|text-generation)/i,
  }),
  service({
    id: "exposure.other-agent",
    title: "another agent's gateway listens beyond this machine",
    why: "It is a second way in to the same files and keys, and this program's walls do not stand in it.",
    fix: "bind it to loopback, or end it",
    references: ["ASI03", "AML.T0049", "CWE-668"],
    ports: [18_789, 18_790],
    shared: [3_456],
    programs: /^openclaw/,
  }),
  service({
    id: "exposure.container-engine",
    severity: "critical",
    title: "a container engine listens on the network",
    why: "Port 2375 is root on this machine for whoever sends a request, a program in a sandbox included where it can reach it.",
    fix: "let the engine listen on its unix socket only",
    references: ["ASI05", "CWE-306", "CWE-250"],
    ports: [2_375, 2_376, 2_377],
    anywhere: true,
  }),
  service({
    id: "exposure.browser-debugger",
    title: "a browser on this machine can be remote-controlled",
    why: "Whoever reaches the port reads every page and login of that browser. Any local program does, and a page that rebinds a name.",
    fix: "end the browser that was started with `--remote-debugging-port`",
    references: ["CWE-306", "CWE-489"],
    ports: [9_222, 9_223],
    anywhere: true,
  }),
  service({
    id: "exposure.database",
    severity: "medium",
    title: "a database listens beyond this machine",
    why: "What your agent may be told to query should not be open to the network as well.",
    fix: "bind it to loopback or a private address behind a firewall",
    references: ["CWE-668"],
    programs: /^(?:postgres|mysqld|mariadbd|redis-server|valkey-server|mongod)$/,
    ports: [5_432, 3_306, 6_379, 27_017, 9_200],
  }),
];

const NODE = /node|MainThread|electron|^code$|^bun$|^deno$/i;

const own: readonly Check[] = [
  {
    id: "exposure.gateway.wide",
    severity: "high",
    title: "the gateway can be reached from other machines",
    why: "This is what the kernel says, whatever the configuration says.",
    fix: "`gateway.bind: loopback`, then start it again",
    references: ["ASI03", "AML.T0049", "CWE-668"],
    look: (at) =>
      tcp(at)
        .filter(({ owner, address }) => owner?.kind === "gateway" && isWide(address))
        .map(place),
  },
  {
    id: "exposure.gateway.elsewhere",
    severity: "high",
    title: "the gateway listens on an address that the configuration does not say",
    why: "An address that nobody configured is a second door, opened by an old configuration or somebody else.",
    fix: "end it, look how it was started, and start it again",
    references: ["CWE-1188", "CWE-912"],
    look(at) {
      const { bind, customBindHost } = need(at.effective).settings.gateway;
      const isMeant = ({ address }: ListenerFacts): boolean =>
        bind === "lan" || (bind === "custom" ? address === customBindHost : isLoopbackAddress(address));
      return tcp(at)
        .filter((one) => one.owner?.kind === "gateway" && !isMeant(one))
        .map(place);
    },
  },
  {
    id: "exposure.gateway.port",
    severity: "low",
    title: "the gateway listens on another port than the configuration says",
    why: "Rules of a firewall, and of a proxy, speak of the port that is configured.",
    fix: "start it without `--port`, or `vambrace config set gateway.port`",
    references: ["CWE-1188"],
    look(at) {
      const { port } = need(at.effective).settings.gateway;
      return tcp(at)
        .filter((one) => one.owner?.kind === "gateway" && one.port !== port)
        .map(place);
    },
  },
  {
    id: "exposure.helper.listens",
    severity: "critical",
    title: "a helper or a sandbox listens on the network",
    why: "Helpers speak on the sockets that they were born with, sandboxes have no network: a port there is a hole in the design or somebody's program.",
    fix: "`vambrace stop`, keep the state folder for evidence, and look at that process",
    references: ["ASI05", "CWE-653"],
    look: (at) =>
      need(at.listeners)
        .filter(({ owner }) => owner !== null && owner.kind !== "gateway")
        .map(place),
  },
  {
    id: "exposure.debugger",
    severity: "critical",
    title: "a debugger of Node is open",
    why: "Whoever reaches port 9229 runs any code as this user, in the gateway with all its keys.",
    fix: "end the process that was started with `--inspect`",
    references: ["CWE-489", "CWE-306"],
    look: (at) =>
      tcp(at)
        // Later ports of the range are those of other services too.
        .filter(({ port, owner, program }) => {
          const isNode = owner !== null || NODE.test(program ?? "") || (program === null && port === 9_229);
          return port >= 9_229 && port <= 9_239 && isNode;
        })
        .map(place),
  },
  {
    id: "exposure.udp",
    severity: "medium",
    title: "a process of ours has an open UDP port",
    why: "Nothing here speaks UDP: it announces this machine, or carries data past the egress proxy.",
    fix: "end the gateway and look at that process",
    references: ["CWE-912", "AML.T0025"],
    look: (at) =>
      need(at.listeners)
        .filter(({ protocol, owner }) => protocol === "udp" && owner !== null)
        .map(place),
  },
  {
    id: "exposure.port.taken",
    severity: "high",
    title: "another program listens on the gateway's port",
    why: "Your command line and your browser would give their tokens to it.",
    fix: "end that program, or choose another port: `vambrace config set gateway.port`",
    references: ["CWE-290", "CWE-300"],
    look(at) {
      const { port } = need(at.effective).settings.gateway;
      return tcp(at)
        .filter((one) => one.owner === null && one.port === port)
        .map(place);
    },
  },
  {
    id: "exposure.second-gateway",
    severity: "low",
    title: "more than one gateway of this user runs",
    why: "Each has its own configuration, ledger and `stop`: what you halt here goes on there.",
    fix: "end the ones that nobody needs",
    references: ["CWE-1059"],
    look: (at) => need(at.processes).others.map((pid) => `process ${pid}`),
  },
];

export const exposure: Family = {
  name: "exposure",
  says: "what really listens, by the kernel's own tables",
  checks: [...own, ...services],
};
