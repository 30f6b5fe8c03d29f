/**
 * The first process inside a sandbox, seen from outside. When it ends, the
 * kernel ends every other process of the sandbox before it lets go of it.
 *
 * Bubblewrap has the kernel end it together with bubblewrap, but asks for that
 * only after it forked the shell inside. On a busy machine that may come much
 * later, and a bubblewrap that is killed meanwhile leaves a sandbox that goes
 * on for ever. So a program starts only when `bound` says yes, and `end` kills
 * by itself.
 *
 * @module
 */
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Numbers } from "./launch.ts";

export type FirstProcess = {
  /** Resolves true when it will end with bubblewrap, and that with who started it; false when it never will. */
  bound(bwrap: Numbers): Promise<boolean>;
  /** Kills it and resolves when neither it nor anything that it held is there. */
  end(): Promise<void>;
};

export function firstProcess(pid: number): FirstProcess {
  const known = look(pid);
  const isAlive = (): boolean => {
    const seen = look(pid);
    if (seen === "unreadable" || known === "unreadable") return seen !== "gone";
    // Another start time is another process that got the same number.
    return seen !== "gone" && known !== "gone" && seen.began === known.began && !/[ZX]/.test(seen.state);
  };
  return {
    async bound(bwrap) {
      while (isAlive()) {
        const now = boundTo(pid, bwrap);
        if (now !== "not yet") return now === "yes";
        await sleep(1);
      }
      return false;
    },
    async end() {
      while (isAlive()) {
        kill(pid);
        await sleep(1);
      }
    },
  };
}

type Seen = { readonly state: string; readonly began: string } | "gone" | "unreadable";

function look(pid: number): Seen {
  const stat = read(pid, "stat");
  if (stat === "gone" || stat === "unreadable") return stat;
  // A program's name may hold anything, brackets and spaces too; from the last bracket on there are fields 3 to 52.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", began: fields[19] ?? "" };
}

/**
 * Its filter is set right after its bond, so a filter shows the bond; and as long as its parent is the same, that
 * parent had not ended when the bond was made. Bubblewrap's own bond is older than its first process.
 */
function boundTo(pid: number, { own, parent }: Numbers): "yes" | "not yet" | "never" {
  const status = read(pid, "status");
  const above = read(own, "status");
  if (status === "gone" || above === "gone") return "never";
  if (status === "unreadable" || above === "unreadable") return "not yet";
  if (!isChild(status, own) || !isChild(above, parent)) return "never";
  return /^Seccomp:\t2$/m.test(status) ? "yes" : "not yet";
}

function isChild(status: string, parent: number): boolean {
  return new RegExp(`^PPid:\\t${parent}$`, "m").test(status);
}

function read(pid: number, name: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    // What cannot be read for want of descriptors or memory is not gone.
    return code === "ENOENT" || code === "ESRCH" ? "gone" : "unreadable";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    return; // it ended first, or is not ours to kill yet: whoever asks looks again
  }
}
