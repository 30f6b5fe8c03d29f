import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { endMark, setMark } from "./inside.ts";
import { readStreams } from "./streams.ts";

const SECRET = "00112233445566778899aabbccddeeff";
const MARKS = { set: setMark(SECRET), end: endMark(SECRET) };

function frame(stream: 1 | 2, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function readAll(
  bytes: Buffer,
  cuts: readonly number[],
): Promise<{ out: string; err: string; status: number | null; set: boolean }> {
  const socket = new PassThrough();
  const streams = readStreams(socket, MARKS);
  let out = "";
  let err = "";
  streams.stdout.flow((part) => (out += part.toString()));
  streams.stderr.flow((part) => (err += part.toString()));
  let at = 0;
  for (const cut of [...cuts.map((one) => one % bytes.length).sort((a, b) => a - b), bytes.length]) {
    socket.write(bytes.subarray(at, cut));
    at = cut;
  }
  socket.end();
  await streams.closed;
  return { out, err, status: await streams.ended, set: await streams.set };
}

test("R-EXEC-4: what a program prints arrives whole, in whatever pieces the engine sends it", async () => {
  const word = fc.string({ maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(word, word, fc.array(fc.nat(), { maxLength: 6 }), async (out, err, cuts) => {
      const bytes = Buffer.concat([
        frame(1, "here\n"),
        frame(2, `${SECRET} set\n`),
        frame(1, out),
        frame(2, err),
        frame(2, `${SECRET} e`),
        frame(1, out),
        frame(2, "nd 7\n"),
      ]);
      assert.deepEqual(await readAll(bytes, cuts), { out: out + out, err, status: 7, set: true });
    }),
  );
});

test("R-EXEC-4: a container that ends without a word has no status, and what it said is kept", async () => {
  const bytes = Buffer.concat([frame(1, "here\n"), frame(2, `sh: cannot cd\n${SECRET} s`)]);
  assert.deepEqual(await readAll(bytes, []), { out: "", err: `sh: cannot cd\n${SECRET} s`, status: null, set: false });
});
