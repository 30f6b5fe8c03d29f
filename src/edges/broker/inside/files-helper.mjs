/**
 * The file tools' helper: runs inside a sandbox that mounts only the roots,
 * reads one JSON request on standard input, writes one JSON answer.
 *
 * @module
 */
import * as fs from "node:fs";
import { answerTo } from "./files-ops.mjs";

/**
 * Waits for the broker's word on descriptor 6: this program is started before there is a request, so that the time
 * that node takes to start is not the request's.
 */
function waitForWord() {
  const word = Buffer.alloc(8);
  if (fs.readSync(6, word) === 0) process.exit(1); // the broker is gone
}

waitForWord();
fs.writeFileSync(1, `${JSON.stringify(await answerTo(fs.readFileSync(0, "utf8")))}\n`);
