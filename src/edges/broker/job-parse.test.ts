import assert from "node:assert/strict";
import { test } from "node:test";
import { FILES_ARGV } from "../../core/broker-wire.ts";
import { parseJob } from "./job-parse.ts";

const JOB = {
  argv: [...FILES_ARGV],
  cwd: "/tmp",
  mounts: [],
  env: {},
  stdin: "",
  wallMs: 1000,
  outputBytes: 1000,
  memoryBytes: 100_000_000,
  processes: 10,
  fileBytes: 1000,
  egressSocket: null,
  runtime: "files",
};

test("R-TOOL-2: the broker's own helper starts in its one form, and no other program in its place", () => {
  assert.deepEqual(parseJob(JOB).argv, [...FILES_ARGV]);
  for (const argv of [["sh"], [...FILES_ARGV, "more"], [FILES_ARGV[0], "/tmp/mine.mjs"]])
    assert.throws(() => parseJob({ ...JOB, argv }), argv.join(" "));
  assert.deepEqual(parseJob({ ...JOB, argv: ["sh"], runtime: "command" }).argv, ["sh"]);
});
