/** Starts the page with what a browser has. @module */
import { start } from "./page.js";

await start({
  document,
  fetch: (path, init) => fetch(path, init),
  WebSocket,
  storage: localStorage,
  host: location.host,
  isSecure: location.protocol === "https:",
  hash: location.hash,
  // The code is spent by now or soon; it should not stay in the history either way.
  dropHash: () => history.replaceState(null, "", location.pathname),
  newId: () => crypto.randomUUID(),
  now: () => performance.now(),
  later: (run, ms) => setTimeout(run, ms),
  every: (run, ms) => setInterval(run, ms),
});
