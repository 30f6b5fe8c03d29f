/** Whether an Ollama answers, and which models it has. @module */
import type { Clock } from "../../core/ports/clock.ts";
import { isRecord, textOf } from "./parts.ts";
import type { FetchFor } from "./providers.ts";

const PROBE_MS = 500;

/** @returns model names, in its order; undefined where nothing there answers like an Ollama within half a second. */
export async function probeOllama(
  origin: string,
  deps: { readonly fetchFor: FetchFor; readonly clock: Clock },
): Promise<readonly string[] | undefined> {
  const stop = new AbortController();
  const late = deps.clock.sleep(PROBE_MS, stop.signal).then(
    () => undefined,
    () => undefined,
  );
  const work = ask(origin, deps.fetchFor, stop.signal);
  const models = await Promise.race([work, late]);
  stop.abort();
  return models;
}

async function ask(origin: string, fetchFor: FetchFor, signal: AbortSignal): Promise<readonly string[] | undefined> {
  try {
    const response = await fetchFor({ kind: "origin", origin })(`${origin}/api/tags`, { signal });
    const body: unknown = response.ok ? await response.json() : undefined;
    const models = isRecord(body) ? body["models"] : undefined;
    if (!Array.isArray(models)) return undefined;
    return models.map((model: unknown) => (isRecord(model) ? textOf(model["name"]) : "")).filter((name) => name !== "");
  } catch {
    // Not there, or not an Ollama: either way there is no local model.
    return undefined;
  }
}
