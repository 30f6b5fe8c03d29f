/**
 * Audience: what a call would show a person is shown only where its label says
 * that he may know it. An agent works for several people in one workspace;
 * what lies there is not everybody's.
 *
 * INVARIANT(within-audience): no content reaches a principal who is not in its audience. The owner of the installation
 * is in every one: the folders are his.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { type Label, mayKnow } from "../../core/label.ts";
import type { RunRequest } from "../../core/run.ts";

/** Who may know a thing, for whoever asks in this call. */
export type ShowTo = (work: RunRequest, label: Label) => void;

/** @throws Fault AUDIENCE_REFUSED */
export function showTo(owner: string): ShowTo {
  return ({ proposal }, { audience }) => {
    const { person } = proposal.principal;
    if (person === owner || mayKnow(audience, person)) return;
    throw new Fault("AUDIENCE_REFUSED", {
      message: `what this would show is not for ${person} to know`,
      hint: "its owner can send it, or share the folder: `folders[].audience` in the configuration",
    });
  };
}
