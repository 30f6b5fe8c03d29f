import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { type CdpEvent, openCdp } from "./cdp.ts";
import { safeName } from "./watch.ts";

function line() {
  const written: string[] = [];
  const events: CdpEvent[] = [];
  const state = { broken: 0 };
  const cdp = openCdp({
    write: (bytes) => written.push(Buffer.from(bytes).toString("utf8")),
    onEvent: (event) => events.push(event),
    onBroken: () => state.broken++,
  });
  return { cdp, written, events, state, say: (text: string) => cdp.take(Buffer.from(text)) };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
  );

test("R-AGENT-2: answers find who waits for them, however the bytes were cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 }), async (cuts) => {
      const { cdp, say, events, written } = line();
      const [one, two] = [cdp.send("A.one"), cdp.send("B.two", { x: "ü" }, "s1")];
      let rest = `{"method":"Page.x","params":{"ü":1},"sessionId":"s1"}\0{"id":2,"result":{"b":2}}\0{"id":1,"result":{"a":1}}\0`;
      for (const cut of cuts) {
        say(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      say(rest);
      assert.deepEqual([await one, await two], [{ a: 1 }, { b: 2 }]);
      assert.deepEqual(events, [{ method: "Page.x", params: { ü: 1 }, session: "s1" }]);
      assert.equal(written[1], `{"id":2,"method":"B.two","params":{"x":"ü"},"sessionId":"s1"}\0`);
    }),
  );
});

test("R-AGENT-2: what is no message ends the line, and everybody who waits is told", async () => {
  for (const bad of ["x\0", "[]\0", "null\0", "{}\0", '{"id":1}\0', '{"id":1,"error":7}\0', '{"method":"A"}\0']) {
    const { cdp, say, state } = line();
    const waiting = codeOf(cdp.send("A.one"));
    say(bad);
    assert.equal(await waiting, "BROWSER_FAILED", bad);
    assert.equal(state.broken, 1, bad);
    assert.equal(await codeOf(cdp.send("A.two")), "BROWSER_FAILED", bad);
    say('{"id":1,"result":{}}\0');
    assert.equal(state.broken, 1, "nothing after that has a meaning");
  }
});

test("R-AGENT-2: a message that never ends is not kept for ever", async () => {
  const { cdp, state } = line();
  const waiting = codeOf(cdp.send("A.one"));
  const piece = Buffer.alloc(1024 * 1024, 32);
  for (let i = 0; i < 25; i++) cdp.take(piece);
  assert.equal(await waiting, "BROWSER_FAILED");
  assert.equal(state.broken, 1);
});

test("R-AGENT-2: an error of the browser is told to who asked, and the line goes on", async () => {
  const { cdp, say } = line();
  const refused = codeOf(cdp.send("A.one"));
  const done = cdp.send("A.two");
  say('{"id":1,"error":{"message":"no such thing"}}\0{"id":2,"result":{}}\0');
  assert.equal(await refused, "BROWSER_FAILED");
  assert.deepEqual(await done, {});
});

test("R-FS-4: the name of a download is a name: no folder, nothing hidden, no control characters, and short", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (written) => {
      const name = safeName(written);
      assert.match(name, /^[\p{L}\p{N}_ -][\p{L}\p{N}._ -]{0,99}$/u);
      assert.ok(!name.startsWith("."));
    }),
  );
  const names = {
    "report.pdf": "report.pdf",
    "../../.bashrc": "bashrc",
    "C:\\a\\b.txt": "b.txt",
    "": "download",
    "..": "download",
  };
  for (const [written, wanted] of Object.entries(names)) assert.equal(safeName(written), wanted);
});
