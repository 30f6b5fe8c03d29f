/** What every group of routes is handed. @module */
import type { Access } from "../../../core/ports/access.ts";
import type { Clock } from "../../../core/ports/clock.ts";
import type { Gateway } from "../../../core/ports/gateway.ts";
import type { Random } from "../../../core/ports/random.ts";
import type { HttpLimits } from "../limits.ts";
import type { Ask } from "../route.ts";
import type { Turns } from "../turns.ts";

export type RouteParts = {
  readonly gateway: Gateway;
  readonly access: Access;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: HttpLimits;
  readonly version: string;
  /** Tells the log of a fault that an answer can no longer say. */
  readonly tell: (thrown: unknown, ask: Ask) => void;
};
