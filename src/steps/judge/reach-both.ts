/**
 * What to aim at where two configurations are compared: everything that either
 * of them names, or a host that only the new one lists would never be tried
 * with the old one. Pure.
 *
 * @module
 */
import type { Posture, ToolPosture } from "../../core/posture.ts";

/** `own`, with the destinations of `other` beside its own; it is aimed by, never judged by. */
export function aimedAtBoth(own: Posture, other: Posture): Posture {
  return {
    ...own,
    egress: [...own.egress, ...other.egress],
    fs: { ...own.fs, allowedPaths: [...new Set([...own.fs.allowedPaths, ...other.fs.allowedPaths])] },
    persons: new Map([...other.persons, ...own.persons]),
    channels: new Map(
      [...new Set([...own.channels.keys(), ...other.channels.keys()])].flatMap((door) => {
        const both = bothDoors(own.channels.get(door), other.channels.get(door));
        return both === undefined ? [] : [[door, both] as const];
      }),
    ),
  };
}

function bothDoors(one: ToolPosture | undefined, two: ToolPosture | undefined): ToolPosture | undefined {
  if (one === undefined || two === undefined) return one ?? two;
  const words = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];
  const allow = words(one.exec.allow, two.exec.allow);
  return { ...one, exec: { ...one.exec, allow, block: words(one.exec.block, two.exec.block) } };
}
