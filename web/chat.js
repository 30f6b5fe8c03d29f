/** The conversation: each message that was said, with the turn that came of it. @module */
import { drawNotice, drawPast, drawTurn } from "./draw.js";

/** @typedef {ReturnType<typeof createChat>} Chat */

/**
 * @param {import("./elements.js").Elements} elements
 * @param {{ send: (message: import("../src/wire/socket.ts").ClientMessage) => boolean, newId: () => string }} parts
 */
export function createChat({ document, at, enable }, { send, newId }) {
  /** @type {Map<string, ReturnType<typeof drawTurn>>} */
  const turns = new Map();
  let hasPast = false;

  const follow = () => {
    at("log").scrollTop = at("log").scrollHeight;
  };

  /** @param {string} id @param {string} [why] */
  function end(id, why) {
    const turn = turns.get(id);
    turns.delete(id);
    if (why !== undefined) turn?.note("fault", why);
    enable("stop-turn", turns.size > 0);
    follow();
  }

  return {
    /** @param {string} text */
    say(text) {
      if (text.trim() === "") return;
      const id = newId();
      const turn = drawTurn(document, text);
      at("log").append(turn.element);
      turns.set(id, turn);
      enable("stop-turn", true);
      if (send({ v: 1, type: "chat", id, text, messageId: id })) follow();
      else end(id, "not sent: there is no connection");
    },
    /** @param {string} id @param {import("./draw.js").TurnEvent} event */
    event(id, event) {
      turns.get(id)?.event(event);
      follow();
    },
    /** @param {string} from @param {string} text */
    notice(from, text) {
      at("log").append(drawNotice(document, from, text));
      follow();
    },
    /**
     * Before anything that this page shows already; once.
     *
     * @param {import("../src/wire/answers.ts").HistoryAnswer["lines"]} lines
     */
    past(lines) {
      if (hasPast) return;
      hasPast = true;
      at("log").prepend(...lines.map((line) => drawPast(document, line)));
      follow();
    },
    end,
    /** @param {string} id */
    has: (id) => turns.has(id),
    /** @param {string} why */
    endAll: (why) => turns.keys().forEach((id) => end(id, why)),
    stop: () => turns.keys().forEach((id) => send({ v: 1, type: "stop-turn", id })),
  };
}
