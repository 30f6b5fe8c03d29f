/** Starts what it is told and says when it has ended; the reference of the sandbox's figures. @module */
import { spawn } from "node:child_process";

process.on("message", (argv) => {
  if (!Array.isArray(argv)) return;
  const [id = "", program = "", ...rest] = argv.map(String);
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.once("data", () => process.send?.(`${id} first`));
  child.stdout.resume();
  child.stderr.resume();
  child.once("close", (status) => process.send?.(status === 0 ? `${id} last` : `${id} failed`));
});
