/**
 * Whether anything happens here at all: everything may be stopped, or the
 * gateway may be away. Both are said large, at once, and with what to do next.
 *
 * @module
 */

const SAYS = { stopped: "everything is stopped", away: "the gateway does not answer" };

/** @typedef {ReturnType<typeof createStanding>} Standing */

/** @param {import("./elements.js").Elements} elements */
export function createStanding({ document, at, show, enable, tell }) {
  let isStopped = false;
  let isUnheard = false;
  let isLost = false;
  let mayOperate = false;

  const now = () => (isUnheard || isLost ? "away" : isStopped ? "stopped" : undefined);

  function draw() {
    const state = now();
    const focused = document.activeElement;
    show("stopped", state === "stopped");
    show("away", state === "away");
    show("resume", mayOperate);
    show("halt", mayOperate && state === undefined);
    enable("send", state === undefined);
    if (state === "away") for (const id of ["status-model", "status-ready"]) tell(id, "");
    if (state === undefined) tell("unsent", "");
    document.title = state === undefined ? "Vambrace" : `Vambrace: ${state === "away" ? "no answer" : "stopped"}`;
    // Whoever pressed a button that is gone goes on from the next one.
    if (focused?.closest("[hidden]") != null) at(state === "stopped" && mayOperate ? "resume" : "text").focus();
  }

  return {
    /** @param {{ halted: boolean, mayOperate: boolean }} said */
    heard(said) {
      isUnheard = false;
      isStopped = said.halted;
      mayOperate = said.mayOperate;
      draw();
    },
    /** @param {boolean} stopped */
    stopped(stopped) {
      isStopped = stopped;
      draw();
    },
    /** It was asked, and did not answer. */
    unheard() {
      isUnheard = true;
      draw();
    },
    /** @param {boolean} lost the line to it, over which everything is said. */
    line(lost) {
      isLost = lost;
      draw();
    },
    /** Nobody is logged in any more: nothing of it is his. */
    forget() {
      isUnheard = isLost = isStopped = mayOperate = false;
      tell("not-done", "");
      draw();
    },
    /** @returns {string | undefined} why nothing can be said now. */
    why() {
      const state = now();
      return state && SAYS[state];
    },
  };
}
