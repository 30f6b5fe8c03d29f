import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFrame, FRAME_LIMIT, frameReader, jsonFrame } from "./frame.ts";

const code = { code: "FRAME_MALFORMED" };

test("R-TOOL-2: a frame that its reader would refuse is not sent either", () => {
  assert.throws(() => bytesFrame(1, new Uint8Array(FRAME_LIMIT)), code);
  assert.throws(() => jsonFrame("x".repeat(FRAME_LIMIT)), code);
  const largest = bytesFrame(1, new Uint8Array(FRAME_LIMIT - 4));
  assert.equal(frameReader()(largest).length, 1);
});
