/**
 * `npm run build`: what is published. TypeScript becomes JavaScript file by
 * file, everything else that the sources read is copied, and the result is
 * checked as a package.
 *
 * @module
 */
import { chmodSync, copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { runSteps } from "./steps.ts";

rmSync("dist", { recursive: true, force: true });
const compiled = await runSteps([{ name: "compile", argv: ["tsc", "-p", "tsconfig.build.json"] }]);
const assets = globSync("src/**/*", { withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name));
for (const asset of assets) {
  const target = asset.replace(/^src\//, "dist/");
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(asset, target);
}
cpSync("web", "dist/web", { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
chmodSync("dist/cli/main.js", 0o755);
const checked = await runSteps([
  { name: "package", argv: ["publint", "--strict"] },
  { name: "starts", argv: ["node", "dist/cli/main.js", "--help"] },
]);
const version: unknown = JSON.parse(readFileSync("package.json", "utf8")).version;
console.log(`dist: version ${String(version)}, ${globSync("dist/**/*.js").length} files, ${assets.length} assets`);
process.exitCode = [...compiled, ...checked].every((step) => step.ok) ? 0 : 1;
