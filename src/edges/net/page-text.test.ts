import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "../../../test/egress-support.ts";
import type { PageText } from "../../core/ports/net.ts";
import { createPageReader, PAGE_LIMITS, type PageLimits } from "./page-text.ts";

const never = new AbortController().signal;

function read(body: string | Uint8Array, contentType: string, limits: Partial<PageLimits> = {}): Promise<PageText> {
  const reader = createPageReader({ clock: realClock, limits: { ...PAGE_LIMITS, ...limits } });
  return reader.read({ body: Buffer.from(body), contentType, url: "https://example.org/a/b" }, never);
}

const refusal = (why: RegExp) => ({ code: "WEB_UNREADABLE", message: why });

test("R-AGENT-2: a page becomes its title and readable text", async () => {
  const page = await read(
    `<!doctype html><html><head><title> An  example </title><style>p{}</style></head><body><h1>Head</h1>
     <p>One <b>bold</b> my_file_name <a href="../c?d">link</a> <a href="javascript:x()">no link</a>.</p>
     <ul><li>first<li>second</ul><table><tr><th>a<th>b</tr><tr><td>1<td>2</table>
     <img src="https://evil.example/x.png" alt="a picture"><script>steal()</script><!-- note --></body></html>`,
    "text/html; charset=utf-8",
  );
  assert.equal(page.title, "An example");
  assert.match(
    page.text,
    /^# Head\n\nOne \*\*bold\*\* my_file_name \[link\]\(https:\/\/example\.org\/c\?d\) no link\./,
  );
  assert.match(page.text, /-\s+first\n-\s+second/);
  assert.match(page.text, /\| a \| b \|\n\| 1 \| 2 \|/);
  assert.match(page.text, /a picture/);
  assert.doesNotMatch(page.text, /evil|steal|note|javascript|An {1,2}example/);
  assert.equal(page.truncated, false);
});

test("R-AGENT-2: of an article, what stands around it is left out; of a short page, nothing is", async () => {
  const article = "<p>A paragraph of some length, with commas, so that it counts as text of an article.</p>".repeat(20);
  const page = await read(
    `<html><body><nav><a href=/x>menu entry</a></nav><article>${article}</article></body></html>`,
    "text/html",
  );
  assert.match(page.text, /A paragraph/);
  assert.doesNotMatch(page.text, /menu entry/);
  assert.match((await read("<nav>menu entry</nav><p>short", "text/html")).text, /menu entry\n\nshort/);
});

test("R-FLOW-5: text that nobody sees on the page is not read", async () => {
  const page = await read(
    `<p>seen<p hidden>one<p style="color:red; DISPLAY : none">two<span aria-hidden=true>three</span><template>four</template>
     <noscript>five</noscript><div style="visibility:hidden">six</div><p style="color:red">also`,
    "text/html",
  );
  assert.match(page.text, /seen/);
  assert.match(page.text, /also/);
  assert.doesNotMatch(page.text, /one|two|three|four|five|six/);
});

test("R-AGENT-2: text and JSON pass as they are", async () => {
  for (const type of [
    "text/plain",
    "application/json",
    "application/ld+json",
    "text/markdown; charset=utf-8",
    "application/rss+xml",
  ]) {
    assert.deepEqual(
      await read("<b>as it is</b> ü", type),
      { title: null, text: "<b>as it is</b> ü", truncated: false },
      type,
    );
  }
});

test("R-AGENT-2: other kinds are refused with a clear word", async () => {
  for (const type of ["image/png", "application/pdf", "application/octet-stream", "video/mp4", "multipart/form-data"]) {
    await assert.rejects(read("x", type), refusal(/is not text/), type);
  }
  await assert.rejects(read("x", ""), refusal(/does not say what it is/));
  await assert.rejects(read("a\0b", "text/plain"), refusal(/says that it is text and is not/));
  await assert.rejects(read("x", "image/<script>"), refusal(/`image\/\?script\?`/));
});

test("R-AGENT-2: the encoding is what the bytes, the server or the page say", async () => {
  const latin = Buffer.from("caf\u00e9", "latin1");
  assert.equal((await read(latin, "text/plain; charset=iso-8859-1")).text, "café");
  assert.equal(
    (await read(Buffer.concat([Buffer.from("<meta charset=iso-8859-1><p>"), latin]), "text/html")).text,
    "café",
  );
  assert.equal((await read(Buffer.from("\ufeffcafé", "utf16le"), "text/plain; charset=utf-8")).text, "café");
  assert.equal((await read("café", "text/plain; charset=nonsense")).text, "café");
});

test("R-AGENT-2: long text is cut and said to be", async () => {
  assert.deepEqual(await read("x".repeat(50), "text/plain", { textChars: 10 }), {
    title: null,
    text: "x".repeat(10),
    truncated: true,
  });
  assert.equal((await read(`<p>${"x".repeat(50)}`, "text/html", { textChars: 10 })).truncated, true);
});

test("R-AGENT-9: a page that is built to keep its reader busy is given up", async () => {
  const began = process.cpuUsage();
  await assert.rejects(read(`<html>${"<div>".repeat(20_000)}`, "text/html"), refusal(/nested deeper/));
  await assert.rejects(read("<br>".repeat(70_000), "text/html"), refusal(/more than 60000 elements/));
  await assert.rejects(read("x".repeat(2000), "text/html", { htmlBytes: 1000 }), refusal(/larger than 1000 bytes/));
  await assert.rejects(read("<p>x</p>".repeat(40_000), "text/html", { deadlineMs: 150 }), refusal(/takes too long/));
  await assert.rejects(read(`<p>${"word ".repeat(900_000)}`, "text/html", { memoryMb: 16 }), refusal(/memory|apart/));
  // Of the processor, all threads together: what else runs on the machine does not count.
  assert.ok(process.cpuUsage(began).user < 8_000_000);
});

test("R-AGENT-9: a person can stop it", async () => {
  const stop = new AbortController();
  const reader = createPageReader({ clock: realClock });
  const page = { body: Buffer.from("<p>x</p>".repeat(40_000)), contentType: "text/html", url: "https://example.org/" };
  setTimeout(() => stop.abort(new Error("stopped")), 50);
  await assert.rejects(reader.read(page, stop.signal), /stopped/);
  await assert.rejects(reader.read(page, stop.signal), /stopped/);
});
