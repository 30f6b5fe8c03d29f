/**
 * Calls: what the model, or an API caller, asks to do; and the facts that the
 * judge found out about one. Facts are recorded, so that a decision can be
 * explained and replayed without the world as it was.
 *
 * @module
 */
import type { CallId } from "./ids.ts";
import { type Digest, digestOf, type JsonObject } from "./json.ts";
import type { ContextItem } from "./item.ts";
import type { Label, Source } from "./label.ts";
import type { Origin, Principal } from "./person.ts";
import type { ArgumentRole, Effect, ToolDeclaration } from "./tool.ts";

/** A call as it was proposed, with everything that the judge may use and the proposer cannot forge. */
export type Proposal = {
  readonly id: CallId;
  readonly tool: string;
  /** Already parsed by the tool's own schema. */
  readonly arguments: JsonObject;
  /** Absent: nobody declared the tool. */
  readonly declaration?: ToolDeclaration;
  readonly principal: Principal;
  readonly origin: Origin;
  /** The items of the model request that produced it; for a call that a person made directly, that person's own words. */
  readonly context: readonly ContextItem[];
  /** Absolute; where relative paths and commands start. */
  readonly cwd: string;
};

export type ProgramFact = {
  /** As written: `git`, `./run.sh`. */
  readonly name: string;
  /** Resolved; null where it is not installed. */
  readonly path: string | null;
  readonly digest?: Digest;
};

export type CommandFacts = {
  readonly programs: readonly ProgramFact[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly deletes: readonly string[];
  /** Of those written or removed: nothing that is there now is lost, or what is lost is named beside it. */
  readonly keeps: readonly string[];
  readonly hosts: readonly string[];
  readonly wrappers: readonly string[];
  /** What could not be decided, each as a short reason with the piece of text. Empty: understood. */
  readonly opaque: readonly string[];
  readonly destructive: boolean;
  readonly privileged: boolean;
  /** Programs, or forms of them, that the configuration does not allow. Empty: on the allowlist. */
  readonly unlisted: readonly string[];
  /** What the blocklist names of it. */
  readonly blocked: readonly string[];
  /** What would speak against forms that an entry of the allowlist spells out: they may touch more than is named here. */
  readonly approved: readonly string[];
};

/** Where a path lies, after every link was resolved. */
export type PathZone = "workspace" | "protected" | "allowed" | "outside" | "blocked";

export type PathFact = {
  readonly pointer: string;
  readonly written: string;
  /** Absolute, links resolved as far as the path exists. */
  readonly resolved: string;
  readonly access: "read" | "write" | "delete";
  readonly zone: PathZone;
  readonly kind: "file" | "folder" | "absent" | "other";
  /** Whether the same bytes lie elsewhere under version control, so that losing them loses nothing. */
  readonly hasCopy: boolean;
  /** What is there now stays: a file that is added to, a folder in which all that goes is named on its own. */
  readonly keeps?: true;
  readonly digest?: Digest;
};

export type HostFact = {
  readonly pointer: string;
  readonly url: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** Of a literal address, or of a name where it was resolved. */
  readonly addresses: readonly string[];
  readonly reach: "public" | "special" | "unresolved";
  /** Named by the configured egress rules for this method. */
  readonly listed: boolean;
};

/** One string or number of the arguments, with the texts that contain it as a typed token, best trust first. */
export type ArgumentFact = {
  readonly pointer: string;
  /** The top-level argument that it is in. */
  readonly argument: string;
  readonly role: ArgumentRole;
  readonly value: string;
  readonly designated: boolean;
  readonly sources: readonly Source[];
  /** How the person who named it spelled it: what the tool should be given. */
  readonly trusted?: string;
};

export type Facts = {
  readonly effect: Effect;
  /** Join of principal and context: the trust and confidentiality of the call. */
  readonly influence: Label;
  readonly arguments: readonly ArgumentFact[];
  /** True where every argument that matters is designated and a person asked for this effect. */
  readonly designated: boolean;
  readonly paths: readonly PathFact[];
  readonly hosts: readonly HostFact[];
  readonly command?: CommandFacts;
  /** Kinds of sensitive data that would leave with it and that nobody named (`core/dlp.ts`). */
  readonly carries: readonly string[];
};

/**
 * What a permit is bound to: tool, arguments and everything that the names in them stood for when judged.
 *
 * @returns the same digest for the same call, another for any other.
 */
export function callDigest(proposal: Pick<Proposal, "id" | "tool" | "arguments" | "cwd">, facts: Facts): Digest {
  return digestOf({
    id: proposal.id,
    tool: proposal.tool,
    arguments: proposal.arguments,
    cwd: proposal.cwd,
    paths: facts.paths.map((path) => ({ resolved: path.resolved, access: path.access, digest: path.digest })),
    hosts: facts.hosts.map((host) => ({ host: host.host, port: host.port, method: host.method })),
    programs: (facts.command?.programs ?? []).map((program) => ({ path: program.path, digest: program.digest })),
  });
}
