import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { INSTALLATION } from "./home.ts";
import { nearModule } from "./near-modules.ts";

const IMPORT = /(?:from|import\(|require\(|import) ?["'](\.[^"']+)["']/g;

/** What Node would say, by its own rules: the file itself, and the `type` of the nearest package.json. */
function formatByNode(file: string): string {
  if (file.endsWith(".ts")) return "module-typescript";
  for (let folder = dirname(file); folder.length >= INSTALLATION.length; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) continue;
    const { type = "commonjs" }: { type?: string } = JSON.parse(readFileSync(path, "utf8"));
    return type === "module" ? "module" : "commonjs";
  }
  return "commonjs";
}

function importsOf(pattern: string): readonly { readonly parent: string; readonly specifier: string }[] {
  return globSync(pattern, { cwd: INSTALLATION }).flatMap((name) => {
    const path = join(INSTALLATION, name);
    return [...readFileSync(path, "utf8").matchAll(IMPORT)].map(([, specifier = ""]) => ({
      parent: pathToFileURL(realpathSync(path)).href,
      specifier,
    }));
  });
}

for (const [what, pattern, least] of [
  ["our own files", "src/**/*.ts", 1500],
  ["zod", "node_modules/zod/v4/**/*.js", 200],
  ["hono", "node_modules/hono/dist/**/*.js", 200],
  ["yaml", "node_modules/yaml/dist/**/*.js", 200],
] as const) {
  test(`R-GATE-1: a module of ${what} that is found by its address is the one that Node would find`, () => {
    let seen = 0;
    for (const { parent, specifier } of importsOf(pattern)) {
      const near = nearModule(specifier, parent);
      if (near === undefined || specifier === "../locales/index.js") continue;
      const file = fileURLToPath(near.url);
      if (!existsSync(file)) continue; // an example in a comment, or text of a test
      seen += 1;
      assert.equal(realpathSync(file), file, `${specifier} in ${parent}`);
      assert.equal(near.format, formatByNode(file), `${specifier} in ${parent}`);
    }
    assert.ok(seen >= least, `${seen} imports were compared`);
  });
}

test("R-GATE-1: what is not written out, or lies elsewhere, is for Node to find", () => {
  const own = new URL("./home.ts", import.meta.url).href;
  for (const [specifier, parent] of [
    ["zod", own],
    ["node:fs", own],
    ["./data.json", own],
    ["./x.js", "file:///elsewhere/src/app/x.js"],
    ["./x.js", "file:///a/node_modules/hono/dist/cjs/x.js"],
    ["./x.cjs", "file:///a/node_modules/zod/v4/x.cjs"],
    ["./x", "file:///a/node_modules/yaml/dist/x.js"],
    ["./x.js", "file:///a/node_modules/other/dist/x.js"],
  ] as const)
    assert.equal(nearModule(specifier, parent), undefined, `${specifier} in ${parent}`);
});

test("R-GATE-1: zod speaks English, and its other languages are not read", () => {
  const asking = importsOf("node_modules/zod/v4/*/*.js").filter(({ specifier }) => specifier === "../locales/index.js");
  assert.ok(asking.length >= 3);
  for (const { parent, specifier } of asking)
    assert.match(nearModule(specifier, parent)?.url ?? "", /\/zod\/v4\/locales\/en\.js$/, parent);
});
