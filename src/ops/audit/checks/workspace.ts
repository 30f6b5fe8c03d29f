/** Checks of the folders that agents work in. @module */
import type { Check, Family } from "../check.ts";
import { openBits, type PathFacts, type WorkspaceFacts } from "../facts-files.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import { place, take } from "./files.ts";

type Words = Omit<Check, "look" | "mend">;

function each(words: Words, bad: (one: WorkspaceFacts) => readonly string[], mend?: Check["mend"]): Check {
  return { ...words, look: (at) => need(at.workspaces).flatMap(bad), ...(mend === undefined ? {} : { mend }) };
}

const roots = (at: Installation, bits: number): readonly PathFacts[] =>
  need(at.workspaces).flatMap(({ root }) =>
    root !== null && root.kind === "folder" && openBits(root, bits) !== 0 ? [root] : [],
  );
const mine =
  (at: Installation) =>
  (one: PathFacts): boolean =>
    one.uid === need(at.host).uid;

export const workspace: Family = {
  name: "workspace",
  says: "the folders that agents work in",
  checks: [
    each(
      {
        id: "workspace.missing",
        severity: "low",
        title: "a workspace is not there",
        why: "The first start makes it; until then another user may put something in its place.",
        fix: "`vambrace setup`",
        references: ["CWE-379"],
      },
      ({ root, path }) => (root === null ? [path] : []),
    ),
    each(
      {
        id: "workspace.link",
        severity: "medium",
        title: "a workspace is named by a link",
        why: "Who owns the link decides where the agent works tomorrow.",
        fix: "name the folder itself",
        references: ["CWE-59"],
      },
      ({ root, path }) => (root?.kind === "link" ? [path] : []),
    ),
    each(
      {
        id: "workspace.writable",
        severity: "medium",
        title: "others can write into a workspace",
        why: "What they write there, the agent reads.",
        fix: "`chmod go-w` it",
        references: ["LLM01", "ASI06", "CWE-732"],
      },
      ({ root }) => (root !== null && root.kind === "folder" && openBits(root, 0o022) !== 0 ? [place(root)] : []),
      (at) => take(roots(at, 0o022).filter(mine(at)), 0o022),
    ),
    {
      id: "workspace.foreign",
      severity: "high",
      title: "a workspace belongs to another user",
      why: "He can change everything in it, whatever its modes say.",
      fix: "`chown` it, or choose another folder",
      references: ["CWE-282"],
      look: (at) =>
        need(at.workspaces).flatMap(({ root }) =>
          root !== null && root.uid !== need(at.host).uid ? [`${root.path} (user ${root.uid})`] : [],
        ),
    },
    each(
      {
        id: "workspace.links-out",
        severity: "low",
        title: "links lead out of a workspace",
        why: "Tools refuse to follow them; other programs of yours, such as an editor or an archiver, do.",
        fix: "remove them, or copy what they lead to",
        references: ["CWE-59", "CWE-61"],
      },
      ({ linksOut }) => linksOut,
    ),
    each(
      {
        id: "workspace.set-uid",
        severity: "high",
        title: "a file in a workspace runs with the rights of its owner",
        why: "Whoever starts it outside the sandbox is its owner for that time.",
        fix: "`chmod u-s,g-s` it",
        references: ["CWE-250", "CWE-732"],
      },
      ({ setUid }) => setUid.map(place),
      (at) =>
        take(
          need(at.workspaces).flatMap(({ setUid }) => setUid.filter((one) => mine(at)(one))),
          0o6000,
        ),
    ),
    each(
      {
        id: "workspace.hard-links",
        severity: "low",
        title: "files in a workspace have a second name",
        why: "A write here is a write there, outside, where nobody looks.",
        fix: "copy them: `cp --reflink=auto FILE NEW && mv NEW FILE`",
        references: ["CWE-62"],
      },
      ({ hardLinks }) => hardLinks,
    ),
    each(
      {
        id: "workspace.startup",
        severity: "medium",
        title: "files in a workspace start programs by themselves",
        why: "Hooks and the like run outside the sandbox when you use git, an editor or a shell there. Tools cannot write them; whoever wrote these could.",
        fix: "look at each, and remove what is not yours",
        references: ["ASI04", "ASI05", "CWE-829", "CWE-426"],
      },
      ({ startup }) => startup,
    ),
    each(
      {
        id: "workspace.sockets",
        severity: "medium",
        title: "a socket lies in a workspace",
        why: "It is a door to a program outside of the sandbox; an agent of keys or an engine answers everybody who can write to it.",
        fix: "let that program put it elsewhere",
        references: ["ASI05", "CWE-653"],
      },
      ({ sockets }) => sockets,
    ),
    each(
      {
        id: "workspace.credentials",
        severity: "medium",
        title: "files in a workspace are made to hold credentials",
        why: "The agent reads what lies there, and what it read it can be talked into telling.",
        fix: "move them out, and name what is needed in `egress.credentials`",
        references: ["LLM02", "AML.T0055", "CWE-522"],
      },
      ({ credentialFiles }) => credentialFiles.filter(({ tracked }) => !tracked).map(({ path }) => path),
    ),
    each(
      {
        id: "workspace.credentials-in-git",
        severity: "high",
        title: "git keeps files that are made to hold credentials",
        why: "They go wherever the repository goes, and stay in its history.",
        fix: "`git rm --cached` them, list them in `.gitignore`, and give out new keys",
        references: ["LLM02", "AML.T0055", "CWE-540"],
      },
      ({ credentialFiles }) => credentialFiles.filter(({ tracked }) => tracked).map(({ path }) => path),
    ),
    each(
      {
        id: "workspace.git-remote",
        severity: "high",
        title: "the address of a git remote carries a password",
        why: "It lies in `.git/config`, which the agent reads.",
        fix: "take it out (`git remote set-url`), use a credential helper, and give out a new one",
        references: ["LLM02", "AML.T0055", "CWE-522"],
      },
      ({ gitRemotesWithPassword }) => gitRemotesWithPassword,
    ),
    each(
      {
        id: "workspace.synced",
        severity: "low",
        title: "a workspace is copied to a cloud",
        why: "What others put into that folder on another device, the agent reads here; what it writes leaves at once, past egress.",
        fix: "choose a folder of its own",
        references: ["LLM01", "AML.T0025", "CWE-200"],
      },
      ({ lying }) => (lying?.synced === null || lying === null ? [] : [`${lying.path} (${lying.synced})`]),
    ),
    each(
      {
        id: "workspace.not-whole",
        severity: "info",
        title: "a workspace was not looked at whole",
        why: "It has more entries than the usual form looks at.",
        fix: "`vambrace security audit --deep`",
        references: [],
      },
      ({ truncated, path, seen }) => (truncated ? [`${path}: ${seen} entries looked at`] : []),
    ),
  ],
};
