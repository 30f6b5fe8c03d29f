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
import { createStanding } from "./standing.js";
import { createStatus } from "./status.js";

/** @typedef {import("./connection.js").Network & { document: Document, hash: string, dropHash: () => void, newId: () => string, now: () => number, every: (run: () => void, ms: number) => void }} Outside */

const LOOK_EVERY_MS = 10_000;
const HOW = "Open the address that `vambrace login` prints, or paste its code here.";

/** @param {Outside} outside */
export async function start(outside) {
  const elements = createElements(outside.document);
  const session = createSession(outside);
  const standing = createStanding(elements);
  const status = createStatus(elements, session, standing);
  const line = createLine(outside, { proof: session.proof, onMessage: receive, onState });
  const chat = createChat(elements, { send: line.send, newId: outside.newId });
  const questions = createQuestions(elements, { send: line.send, now: outside.now });
  const gate = createGate(elements, { session, line, standing });

  async function look() {
    if (session.proof() === null) return;
    try {
      await status();
    } catch {
      // No connection, or no answer in time: which of them, a person cannot tell and need not.
      return standing.unheard();
    }
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
    standing.line(state === "lost");
    if (state === "connected") return void look().then(recall).catch(standing.unheard);
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
    else standing.stopped(event.type === "stopped");
  }

  listen(elements, { chat, gate, look, session, standing });
  outside.every(() => void look(), LOOK_EVERY_MS);

  const code = /^#login=([0-9a-z]{1,128})$/.exec(outside.hash)?.[1];
  if (outside.hash !== "") outside.dropHash();
  if (code !== undefined) return gate.logIn(code);
  return session.proof() === null ? gate.leave(HOW) : gate.enter();
}

/** @param {{ code: string, message: string, hint: string }} fault */
function whyOf({ message, hint }) {
  return `${message} (${hint})`;
}

/**
 * Who is logged in sees the conversation; who is not, the login.
 *
 * @param {import("./elements.js").Elements} elements
 * @param {{ session: ReturnType<typeof createSession>, line: ReturnType<typeof createLine>, standing: import("./standing.js").Standing }} parts
 */
function createGate({ at, show, tell }, { session, line, standing }) {
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
    standing.forget();
    for (const id of ["chat", "questions", "logout"]) show(id, false);
    show("login", true);
    at("code").focus();
  }

  return {
    enter,
    leave,
    /** @param {string} code */
    async logIn(code) {
      const why = await session.login(code).catch(() => "the gateway does not answer");
      if (why === undefined) enter();
      else leave(`${why}.`);
    },
  };
}

/**
 * @param {import("./elements.js").Elements} elements
 * @param {{ chat: import("./chat.js").Chat, gate: ReturnType<typeof createGate>, look: () => Promise<void>, session: ReturnType<typeof createSession>, standing: import("./standing.js").Standing }} page
 */
function listen({ at, take, tell }, { chat, gate, look, session, standing }) {
  // What was typed stays where it cannot be said now.
  const say = () => {
    const why = standing.why();
    tell("unsent", why === undefined ? "" : `Not sent: ${why}.`);
    if (why === undefined) chat.say(take("text"));
  };
  at("chat-form").addEventListener("submit", (event) => {
    event.preventDefault();
    say();
  });
  at("text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    say();
  });
  at("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void gate.logIn(take("code").trim());
  });
  at("stop-turn").addEventListener("click", () => chat.stop());
  /** @param {string} path @param {object} body */
  const control = async (path, body) => {
    const { ok, answer } = await session.call("POST", path, body);
    await look();
    tell("not-done", ok ? "" : `Not done: ${whyOf(answer.error)}`);
  };
  at("halt").addEventListener("click", () => void control("/api/stop", { reason: "the page" }).catch(standing.unheard));
  at("resume").addEventListener("click", () => void control("/api/resume", {}).catch(standing.unheard));
  at("logout").addEventListener(
    "click",
    () => void session.logout().then(() => gate.leave(`You are logged out. ${HOW}`), standing.unheard),
  );
}
