/**
 * Cedar's WebAssembly build, loaded once and only when a judge is made: it is
 * four megabytes, and most commands never judge anything.
 *
 * @module
 */
import type * as CedarModule from "@cedar-policy/cedar-wasm/nodejs";
import { Fault } from "../../../core/fault.ts";

export type Cedar = typeof CedarModule;

/** The module cache of Node keeps it: loading it again costs nothing. */
export async function loadCedar(): Promise<Cedar> {
  try {
    return await import("@cedar-policy/cedar-wasm/nodejs");
  } catch (cause) {
    throw new Fault("POLICY_INVALID", {
      message: "the policy engine cannot be loaded, so nothing can be decided",
      hint: "install again: `npm run setup`",
      cause,
    });
  }
}
