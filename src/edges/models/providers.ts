/**
 * The provider packages, each loaded when it is first needed: one costs about
 * 60 ms and 22 MB, and most gateways need one or none.
 *
 * Their types stay in this file. Address, key and `fetch` are always handed
 * in: left out, a package would read the environment or use the global one.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { NetScope } from "../../core/ports/net.ts";
import { originOf, type ReadyRef } from "./config.ts";
import type { CallOptions } from "./prompt.ts";

export type FetchFor = (scope: NetScope) => typeof globalThis.fetch;

/** What is used of a package's model; what it streams is read as unknown. */
export type ProviderModel = {
  doStream(options: CallOptions): PromiseLike<{ readonly stream: ReadableStream<unknown> }>;
};

/** Bytes of one answer, far above any real one: a server that never ends a line must not fill the memory. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export async function loadModel(ref: ReadyRef, fetchFor: FetchFor): Promise<ProviderModel> {
  const fetch = cappedFetch(fetchFor({ kind: "origin", origin: originOf(ref) }));
  const { baseURL, apiKey = "", model } = ref;
  switch (ref.provider) {
    case "anthropic": {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      return createAnthropic({ baseURL, apiKey, fetch }).languageModel(model);
    }
    case "openai": {
      const { createOpenAI } = await import("@ai-sdk/openai");
      return createOpenAI({ baseURL, apiKey, fetch }).responses(model);
    }
    case "google": {
      const { createGoogle } = await import("@ai-sdk/google");
      return createGoogle({ baseURL, apiKey, fetch }).languageModel(model);
    }
    case "deepseek":
    case "openai-compatible":
    case "ollama": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      const key = ref.apiKey === undefined ? {} : { apiKey };
      return createOpenAICompatible({ name: ref.provider, baseURL, ...key, fetch, includeUsage: true }).chatModel(
        model,
      );
    }
    case "offline":
      throw new Fault("INTERNAL", { message: "the offline planner has no provider", hint: "report this" });
  }
}

function cappedFetch(fetcher: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetcher(input, init);
    if (response.body === null) return response;
    let bytes = 0;
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > MAX_ANSWER_BYTES) controller.error(flooded());
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
  };
}

function flooded(): Fault {
  return new Fault("MODEL_MALFORMED", {
    message: "the model's answer is longer than any answer may be",
    hint: "choose another model or provider",
  });
}
