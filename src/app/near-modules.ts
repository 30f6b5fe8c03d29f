/**
 * Finds the next module by its address alone, where that is all there is to
 * find: a relative import inside our own folder, and inside three packages that
 * consist of many files. Node looks into half a dozen folders for each; a start
 * reads some six hundred modules.
 *
 * Only where it cannot be another file than Node would take: the name is
 * written out with its ending, inside one package. The test compares each of
 * them. Everything else goes Node's way.
 *
 * @module
 */
import { registerHooks } from "node:module";

type Near = { readonly url: string; readonly format: "module-typescript" | "module" | "commonjs" };

const OWN = new URL("../", import.meta.url).href;
const OWN_ENDING = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const MODULES = /\/node_modules\/(?:zod\/v4|hono\/dist\/(?!cjs\/|types\/))/;
const COMMON = /\/node_modules\/yaml\/dist\//;
/** Sixty languages that messages of zod could be in; English, which is read anyway, stands in their place. */
const LANGUAGES = "../locales/index.js";
const ENGLISH = "../locales/en.js";

/** Where `specifier` in `parent` leads; undefined: that is for Node to find out. */
export function nearModule(specifier: string, parent: string | undefined): Near | undefined {
  if (parent === undefined || !specifier.startsWith(".")) return undefined;
  if (parent.startsWith(OWN)) {
    if (!specifier.endsWith(OWN_ENDING)) return undefined;
    return { url: new URL(specifier, parent).href, format: OWN_ENDING === ".ts" ? "module-typescript" : "module" };
  }
  if (!specifier.endsWith(".js")) return undefined;
  if (MODULES.test(parent)) {
    return { url: new URL(specifier === LANGUAGES ? ENGLISH : specifier, parent).href, format: "module" };
  }
  return COMMON.test(parent) ? { url: new URL(specifier, parent).href, format: "commonjs" } : undefined;
}

/** For what is imported from here on, in this thread. */
export function useNearModules(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const near = nearModule(specifier, context.parentURL);
      return near === undefined ? next(specifier, context) : { ...near, shortCircuit: true };
    },
  });
}
