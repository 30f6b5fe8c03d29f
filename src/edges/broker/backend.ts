/**
 * What makes sandboxes: bubblewrap, or a container engine. Everything that a
 * job may be or do is decided before this, in one way for both.
 *
 * @module
 */
import type { LimitSources } from "../../core/broker-wire.ts";
import type { Job } from "../../core/ports/executor.ts";
import type { Shape } from "./bwrap-line.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SystemView } from "./system.ts";

export type Backend = {
  /** What gives each required limit; `none` refuses every job. */
  readonly sources: LimitSources;
  /** What of a job this back-end's sandboxes are made for. */
  shapeFor(job: Job): Pick<Shape, "node" | "live" | "beginning" | "limits" | "cpus">;
  /** A waiting sandbox of exactly this shape, or a new one. @throws Refused where it cannot be made */
  take(shape: Shape, key: string): Sandbox | Promise<Sandbox>;
  /** Makes more of this shape ahead, unless there are. */
  restock(shape: Shape, key: string): void;
  /** Prepares what the first job would wait for. */
  warmUp(): void;
  /** Ends what waits, and resolves when nothing is left. */
  clear(): Promise<void>;
};

/** What back-ends work with. */
export type Workplace = {
  readonly folder: string;
  readonly system: SystemView;
  readonly nodePath: string;
};
