/**
 * The page: joins the session, the line and the drawing. Everything outside of
 * it is handed in, so that it runs in a test as it runs in a browser.
 *
 * @module
 */
import { createChat } from "./chat.js";
import { createLine, createSession } from "./connection.js";
import { createElements } from "./elements.js";
import { createQuestions } from "./questions.js";
import { createStatus } from "./status.js";

/** @typedef {import("./connection.js").Network & { document: Document, hash: string, dropHash: () => void, newId: () => string, now: () => number, every: (run: () => void, ms: number) => void }} Outside */

const LOOK_EVERY_MS = 10_000;
const HOW = "Open the address that `vambrace login` prints, or paste its code here.";

/** @param {Outside} outside */
export async function start(outside) {
  const elements = createElements(outside.document);
  const session = createSession(outside);
  const status = createStatus(elements, session);
  const line = createLine(outside, { proof: session.proof, onMessage: receive, onState });
  const chat = createChat(elements, { send: line.send, newId: outside.newId });
  const questions = createQuestions(elements, { send: line.send, now: outside.now });
  const gate = createGate(elements, session, line);

  async function look() {
    if (session.proof() === null) return;
    await status();
    if (session.proof() === null) gate.leave(`Your session is over. ${HOW}`);
  }

  async function recall() {
    if (session.proof() === null) return;
    const { ok, answer } = await session.call("GET", "/api/history");
    if (ok) chat.past(answer.lines);
  }

  /** @param {"connected" | "lost" | "refused"} state */
  function onState(state) {
    elements.tell("status-connection", state === "connected" ? "connected" : "not connected");
    if (state === "connected")
      return void look()
        .then(recall)
        .catch(() => elements.tell("status-connection", "not connected"));
    chat.endAll("the connection was lost, and this turn with it");
    if (state === "refused") gate.leave(`Your session is over. ${HOW}`);
  }

  /** @param {import("../src/wire/socket.ts").ServerMessage} message */
  function receive(message) {
    if (message.type === "ready") return questions.replace(message.questions);
    if (message.type === "question") return hear(message.event);
    const id = message.id ?? "";
    if (message.type === "event") return chat.event(id, message.event);
    if (message.type === "outcome") return chat.end(id);
    const why = whyOf(message.fault);
    if (questions.has(id)) return questions.refused(id, why);
    return chat.has(id) ? chat.end(id, why) : elements.tell("status-connection", why);
  }

  /** @param {import("../src/wire/events.ts").QuestionEventView} event */
  function hear(event) {
    if (event.type === "opened") questions.add(event.question);
    else if (event.type === "closed") questions.remove(event.id);
    else if (event.type === "notice") chat.notice(event.from, event.text);
  }

  listen(elements, { chat, gate, look, session });
  outside.every(() => void look(), LOOK_EVERY_MS);

  const code = /^#login=([0-9a-z]{1,128})$/.exec(outside.hash)?.[1];
  if (outside.hash !== "") outside.dropHash();
  if (code !== undefined) return gate.logIn(code);
  return session.proof() === null ? gate.leave(HOW) : gate.enter();
}

/** @param {{ code: string, message: string, hint: string }} fault */
function whyOf({ code, message, hint }) {
  return code === "HALTED" ? "everything is stopped: press Resume to start again" : `${message} (${hint})`;
}

/**
 * Who is logged in sees the conversation; who is not, the login.
 *
 * @param {import("./elements.js").Elements} elements
 * @param {ReturnType<typeof createSession>} session
 * @param {ReturnType<typeof createLine>} line
 */
function createGate({ at, show, tell }, session, line) {
  function enter() {
    show("login", false);
    show("chat", true);
    show("logout", true);
    line.open();
    at("text").focus();
  }

  /** @param {string} why */
  function leave(why) {
    line.close();
    session.forget();
    tell("login-says", why);
    tell("status-connection", "not logged in");
    for (const id of ["chat", "questions", "halt", "resume", "logout"]) show(id, false);
    show("login", true);
  }

  return {
    enter,
    leave,
    /** @param {string} code */
    async logIn(code) {
      const why = await session.login(code);
      if (why === undefined) enter();
      else leave(`${why}.`);
    },
  };
}

/**
 * @param {import("./elements.js").Elements} elements
 * @param {{ chat: import("./chat.js").Chat, gate: ReturnType<typeof createGate>, look: () => Promise<void>, session: ReturnType<typeof createSession> }} page
 */
function listen({ at, take }, { chat, gate, look, session }) {
  at("chat-form").addEventListener("submit", (event) => {
    event.preventDefault();
    chat.say(take("text"));
  });
  at("text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    chat.say(take("text"));
  });
  at("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void gate.logIn(take("code").trim());
  });
  at("stop-turn").addEventListener("click", () => chat.stop());
  at("halt").addEventListener("click", () => void session.call("POST", "/api/stop", { reason: "the page" }).then(look));
  at("resume").addEventListener("click", () => void session.call("POST", "/api/resume", {}).then(look));
  at("logout").addEventListener(
    "click",
    () => void session.logout().then(() => gate.leave(`You are logged out. ${HOW}`)),
  );
}
