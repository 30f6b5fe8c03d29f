/** Gives the browser tools their browsers, and each agent its inbox. @module */
import { join } from "node:path";
import { createBrowsers } from "../edges/browser/browsers.ts";
import type { BrowserDeps } from "../steps/run/browser.ts";
import { toPosture } from "./config/posture.ts";
import { agentSettings, browserSettings } from "./config/settings.ts";
import type { WireUp } from "./given.ts";
import type { Helpers } from "./helpers.ts";

/** A page that loads slowly is told as it is then; one that does not answer at all is ended. */
const CALL_MS = 40_000;

export function browsing(given: WireUp, { executor, egress }: Helpers): Pick<BrowserDeps, "browsers" | "inboxOf"> {
  const { config, places } = given.loaded;
  const listed = toPosture(config, places).egress.flatMap(({ host, ports, methods, paths, tls }) =>
    ports.map((port) => ({
      host,
      port,
      methods,
      ...(paths === undefined ? {} : { paths }),
      ...(tls === undefined ? {} : { tls }),
    })),
  );
  const inboxes = new Map<string, string>(
    agentSettings(config, places).map(({ id, workspace }) => [id, join(workspace, "inbox")]),
  );
  return {
    browsers: createBrowsers({
      executor,
      egress,
      clock: given.clock,
      listed,
      callMs: CALL_MS,
      ...browserSettings(config),
    }),
    // An agent that is nowhere has no inbox, and no path lies in it.
    inboxOf: (agent) => inboxes.get(agent) ?? "",
  };
}
