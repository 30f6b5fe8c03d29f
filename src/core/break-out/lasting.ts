/** Attempts to leave something behind; whether it is there is looked at from outside, or by the next program. @module */
import type { Attempt, Family } from "./attempt.ts";

/** Written to be found on the machine. What was found is removed. */
function leaves(id: string, says: string, path: string): Attempt {
  return {
    id: `leaves-${id}`,
    says,
    script: `echo "$MARK" >>"${path}"`,
    after: { where: "outside", script: `grep -q "$MARK" "${path}" && rm -f "${path}"` },
  };
}

/** Ends by itself, should nobody end it. */
const LIFE = "sleep 6";

function stays(id: string, says: string, start: string): Attempt {
  return {
    id: `stays-${id}`,
    says,
    script: start,
    needs: ["sh", "sleep"],
    after: {
      where: "outside",
      script:
        'for f in /proc/[0-9]*/cmdline; do read -r x <"$f"; case $x in *"stays-$MARK"*) exit 0 ;; esac; done; exit 1',
    },
  };
}

const attempts: readonly Attempt[] = [
  leaves("startup", "a program leaves nothing in a start-up file", "$STAGE/startup"),
  leaves("hook", "a program leaves no hook", "$STAGE/hooks/pre-commit"),
  leaves("autostart", "a program leaves nothing that starts with the session", "$STAGE/home/autostart/x.desktop"),
  leaves("crontab", "a program leaves no timed job", "$STAGE/home/crontab"),
  leaves("library", "a program leaves no library that others would load", "$STAGE/home/x.so"),
  leaves("tmp", "what a program leaves in its /tmp is not on the machine", "/tmp/left-$MARK"),
  leaves("var-tmp", "a program leaves nothing in /var/tmp", "/var/tmp/left-$MARK"),
  leaves("shm", "what a program leaves in shared memory is not on the machine", "/dev/shm/left-$MARK"),
  leaves("run", "a program leaves nothing in /run", "/run/left-$MARK"),
  {
    id: "leaves-for-next",
    says: "what a program leaves in /tmp is not there for the next",
    script: ': >"/tmp/next-$MARK" && : >"/dev/shm/next-$MARK"',
    after: {
      where: "inside",
      script: 's=1; for d in /tmp /dev/shm; do test -e "$d/next-$MARK" && s=0; rm -f "$d/next-$MARK"; done; exit $s',
    },
  },
  stays("plain", "no process is left when the program ends", `sh -c "${LIFE}; : stays-$MARK" & exit 0`),
  {
    ...stays(
      "session",
      "no process is left that has a session of its own",
      `setsid sh -c "${LIFE}; : stays-$MARK" & exit 0`,
    ),
    needs: ["sh", "sleep", "setsid"],
  },
  stays("twice", "no process is left that lost its parent", `( ( sh -c "${LIFE}; : stays-$MARK" & ) & ) ; exit 0`),
  stays(
    "deaf",
    "no process is left that hears no signal",
    `( trap '' HUP INT TERM; sh -c "trap '' HUP INT TERM; ${LIFE}; : stays-$MARK" & ); exit 0`,
  ),
];

export const lasting: Family = { name: "things left behind", attempts };
