/**
 * The page's side of the wire: the session that a one-time code opened, and
 * one WebSocket that comes back by itself.
 *
 * @module
 */

/** @typedef {import("../src/wire/socket.ts").ServerMessage} ServerMessage */
/** @typedef {import("../src/wire/socket.ts").ClientMessage} ClientMessage */
/** @typedef {{ fetch: typeof fetch, WebSocket: typeof WebSocket, storage: Storage, host: string, isSecure: boolean, later: (run: () => void, ms: number) => void }} Network */

const PROOF_KEY = "vambrace-proof";
const PROOF_HEADER = "x-vambrace-proof";
const SLOWEST_RETRY_MS = 15_000;
/** Whoever takes longer to say how he is does not answer. What is done may take longer. */
const PATIENCE_MS = 8_000;

/** @param {Network} outside */
export function createSession(outside) {
  const proof = () => outside.storage.getItem(PROOF_KEY);

  /**
   * The default mode of fetch matters: under `no-referrer`, a POST in the mode `same-origin` says `Origin: null`.
   *
   * @param {"GET" | "POST"} method @param {string} path @param {object} [body]
   */
  async function call(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = { [PROOF_HEADER]: proof() ?? "", accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const more = body === undefined ? { signal: AbortSignal.timeout(PATIENCE_MS) } : { body: JSON.stringify(body) };
    const response = await outside.fetch(path, { method, headers, ...more });
    const answer = await response.json();
    if (response.status === 401) outside.storage.removeItem(PROOF_KEY);
    return { ok: response.ok, status: response.status, answer };
  }

  return {
    call,
    proof,
    /** @param {string} code @returns {Promise<string | undefined>} why not */
    async login(code) {
      const { ok, answer } = await call("POST", "/api/login", { code });
      if (!ok) return `${answer.error.message}; ${answer.error.hint}`;
      outside.storage.setItem(PROOF_KEY, answer.proof);
      return undefined;
    },
    async logout() {
      await call("POST", "/api/logout", {});
      outside.storage.removeItem(PROOF_KEY);
    },
    forget: () => outside.storage.removeItem(PROOF_KEY),
  };
}

/**
 * @param {Network} outside
 * @param {{ proof: () => string | null, onMessage: (message: ServerMessage) => void, onState: (state: "connected" | "lost" | "refused") => void }} parts
 */
export function createLine(outside, parts) {
  /** @type {WebSocket | undefined} */
  let line;
  let failures = 0;
  let isWanted = false;

  function open() {
    const socket = new outside.WebSocket(`${outside.isSecure ? "wss" : "ws"}://${outside.host}/ws`);
    line = socket;
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ v: 1, type: "auth", proof: parts.proof() ?? "" }));
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(String(event.data));
      if (message.type === "ready") {
        failures = 0;
        parts.onState("connected");
      }
      parts.onMessage(message);
    });
    socket.addEventListener("close", (event) => {
      if (line !== socket || !isWanted) return;
      const isRefused = event.code === 1008 && event.reason.startsWith("AUTH_");
      isWanted = !isRefused;
      parts.onState(isRefused ? "refused" : "lost");
      if (isWanted) outside.later(() => isWanted && open(), Math.min(500 * 2 ** failures++, SLOWEST_RETRY_MS));
    });
  }

  return {
    open() {
      if (isWanted) return;
      isWanted = true;
      open();
    },
    close() {
      isWanted = false;
      line?.close();
    },
    /** @param {ClientMessage} message @returns {boolean} whether there was a line to say it on */
    send: (message) => {
      if (line?.readyState !== 1) return false;
      line.send(JSON.stringify(message));
      return true;
    },
  };
}
