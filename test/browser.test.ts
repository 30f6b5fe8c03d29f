import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../src/core/fault.ts";
import { newId } from "../src/core/ids.ts";
import { sha256 } from "../src/core/json.ts";
import type { Label } from "../src/core/label.ts";
import { type BrowserKit, missing, refIn, startBrowserKit } from "./browser-kit.ts";
import { random } from "./sandbox-kit.ts";

const skip = missing();
const SHOP = "shop.example:80";

const PAGES: Readonly<Record<string, string>> = {
  "/": `<title>Shop</title><h1>Bread</h1><p>Fresh <b>every</b> day.</p><p hidden>unseen</p>
    <a href="/other">Other page</a>
    <form method="post" action="/order"><label>Name <input name="name"></label>
    <select name="size" aria-label="Size"><option>small<option>large</select>
    <button>Order</button></form>`,
  "/other": "<title>Other</title><p>Here is the other page.</p>",
  "/order": "<title>Thanks</title><p>Ordered.</p>",
  "/beat": "<title>Beat</title><p>beating</p><script>setInterval(() => fetch('/pulse'), 50)</script>",
  "/popped": "<body><script>setInterval(() => fetch('/popped-pulse'), 50)</script>",
  "/parts": "<title>Parts</title><p>text</p><img src='http://cdn.example/part.png'>",
  "/leave": "<title>Leave</title><form action='http://other.example/take'><button>Leave</button></form>",
  "/moves":
    "<body><button>Cheap</button><script>setTimeout(() => { document.querySelector('button').textContent = 'Dear' }, 600)</script>",
  "/covered": "<body><button>Below</button><div style='position:fixed;inset:0;background:white'>on top</div>",
  "/windows":
    "<body><button onclick=\"window.open('/popped')\">Open</button><a href='/popped' target='_blank'>Blank</a>",
  "/local":
    "<body><a href='file:///etc/passwd'>Local</a><a href='chrome://version'>Inner</a><a href='/other'>Other page</a>",
  "/dialogs":
    "<body><button onclick=\"alert('one')\">Once</button><button onclick=\"for(;;) alert('more')\">Storm</button>",
  "/loop": "<body><button onclick='for(;;);'>Hang</button>",
  "/crowd":
    "<body><script>for (let i = 0; i < 40000; i++) document.body.append(Object.assign(document.createElement('p'), { textContent: 'row ' + i }))</script>",
  "/echo":
    "<body><label>Say <input oninput=\"document.title = this.value; out.textContent = this.value\"></label><p id='out'></p>",
};

const listener: RequestListener = (req, res) => {
  const path = new URL(req.url ?? "/", "http://shop.example").pathname;
  if (path === "/away") return void res.writeHead(302, { location: "http://other.example/" }).end();
  if (path === "/nearer") return void res.writeHead(302, { location: "/other" }).end();
  const size = path === "/file" ? 2000 : path === "/large" ? 6 * 1024 * 1024 : 0;
  if (size === 0) return void res.end(`<!doctype html>${PAGES[path] ?? ""}`);
  res.setHeader("content-type", "application/octet-stream");
  res.setHeader("content-disposition", 'attachment; filename="../../.profile"');
  res.end(Buffer.alloc(size, 65));
};

const at = (path: string): { readonly url: string } => ({ url: `http://shop.example${path}` });

async function fails(work: Promise<unknown>, ...codes: readonly string[]): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Fault, String(error));
  assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
  return error.message;
}

const refusedBy = (kit: BrowserKit, host: string): readonly string[] =>
  kit.connections
    .filter(({ connection: { host: to, verdict } }) => to === host && verdict === "refused")
    .map(({ call }) => call);

test("R-AGENT-2: the browser opens, reads, fills in, sends and photographs a page", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener);
  const page = await kit.call("browser_open", at("/"));
  const ref = (kind: string, name: string) => ({ ...refIn(page.text, kind, name), host: SHOP });

  await t.test(
    "R-AGENT-2: a page is told as text, with the elements that can be used and without what is hidden",
    () => {
      assert.ok(page.ok, page.text);
      assert.match(
        page.text,
        /title: Shop\nhost: shop\.example:80\n\n# Bread\nFresh every day\.\n\[e1\] link "Other page" -> /,
      );
      assert.match(page.text, /choice "Size": "small" of small \| large/);
      assert.doesNotMatch(page.text, /unseen/);
      assert.equal(page.label?.trust, "none");
      assert.equal(page.label?.confidentiality, "public");
    },
  );

  await t.test("R-AGENT-2: text goes into a field, and nothing was sent yet", async () => {
    const before = kit.asked.length;
    const typed = await kit.call("browser_type", { ...ref("textbox", "Name"), text: "Ana" });
    assert.match(typed.text, /textbox "Name": "Ana"/);
    await kit.call("browser_type", { ...ref("choice", "Size"), text: "large" });
    assert.deepEqual(kit.asked.slice(before), []);
  });

  await t.test("R-AGENT-2: a click sends the form, and the page that comes is told", async () => {
    const clicked = await kit.call("browser_click", ref("button", "Order"));
    assert.match(clicked.text, /page: http:\/\/shop\.example\/order\ntitle: Thanks/);
    assert.ok(kit.asked.includes("POST shop.example/order"), kit.asked.join("\n"));
  });

  await t.test(
    "R-FLOW-4: a screenshot is a PNG in the workspace, and its label says that strangers wrote it",
    async () => {
      const saved = await kit.call("browser_screenshot", { path: "inbox/page.png" });
      assert.ok(saved.ok, saved.text);
      const path = join(kit.workspace, "inbox/page.png");
      const bytes = readFileSync(path);
      assert.equal(bytes.subarray(0, 8).toString("hex"), "89504e470d0a1a0a");
      assert.equal(bytes.subarray(12, 16).toString("latin1"), "IHDR");
      assert.ok(bytes.readUInt32BE(16) > 600, "wide enough to be a page");
      assert.equal(kit.labels.get(path)?.trust, "none");
      const { path: recorded, access, bytes: count, digest } = saved.data ?? {};
      assert.deepEqual([recorded, access, count, digest], [path, "write", bytes.length, sha256(bytes)], "R-FS-4");
    },
  );

  await t.test("R-NET-2: each connection is told with the call that made it", async () => {
    const one = await kit.call("browser_open", at("/other"));
    assert.match(one.text, /Here is the other page/);
    const calls = new Set(
      kit.connections.filter(({ connection }) => connection.verdict === "allowed").map(({ call }) => call),
    );
    assert.equal(calls.size, 3, "opening twice, and the click");
  });
});

test("R-NET-1: INVARIANT(browser-reaches-nothing-between-calls): a page reaches its call's hosts while the call lasts, and nothing else", {
  skip,
}, async (t) => {
  const kit = await startBrowserKit(t, listener, { listed: ["cdn.example"] });

  await t.test("R-NET-1: what a page asks for between two calls is refused; within a call it is not", async () => {
    await kit.call("browser_open", at("/beat"));
    assert.ok(kit.asked.includes("GET shop.example/pulse"), "the twin: within the call it went out");
    await sleep(300);
    const before = kit.asked.length;
    await sleep(700);
    assert.deepEqual(kit.asked.slice(before), []);
    await kit.call("browser_read");
    assert.deepEqual(kit.asked.slice(before), [], "reading opens no way either");
    assert.ok(refusedBy(kit, "shop.example").length > 0, "it tried, and that is recorded");
  });

  await t.test("R-NET-1: a redirect and a form to a host that the call does not name end at the proxy", async () => {
    const before = kit.asked.length;
    const away = await kit.call("browser_open", at("/away"));
    assert.match(away.text, /not reached: other\.example:80/);
    const near = await kit.call("browser_open", at("/nearer"));
    assert.match(near.text, /page: http:\/\/shop\.example\/other/, "the twin: on the same host it is followed");
    const leave = await kit.call("browser_open", at("/leave"));
    const clicked = await kit.call("browser_click", { ...refIn(leave.text, "button", "Leave"), host: SHOP });
    assert.match(clicked.text, /not reached: other\.example:80/);
    assert.ok(!kit.asked.slice(before).some((line) => line.includes("other.example")));
  });

  await t.test("R-NET-1: private addresses are refused after resolution, whatever the call names", async () => {
    for (const url of ["http://inside.example/", "http://127.0.0.1/", "http://10.0.0.7/"]) {
      const before = kit.asked.length;
      const answer = await kit.call("browser_open", { url });
      assert.match(answer.text, /not reached: .*(?:private network|this machine)/, url);
      assert.equal(kit.asked.length, before);
    }
  });

  await t.test(
    "R-NET-1: parts from a listed host are loaded until something was typed; then only the page's own host is left",
    async () => {
      const session = newId("ses", random);
      await kit.call("browser_open", at("/parts"), { session });
      assert.ok(kit.asked.includes("GET cdn.example/part.png"), "the twin: before that they are");
      const page = await kit.call("browser_open", at("/echo"), { session });
      await kit.call(
        "browser_type",
        { ...refIn(page.text, "textbox", "Say"), host: SHOP, text: "secret" },
        { session },
      );
      const before = kit.asked.length;
      const parts = await kit.call("browser_open", at("/parts"), { session });
      assert.match(parts.text, /not reached: cdn\.example:80/);
      assert.ok(!kit.asked.slice(before).some((line) => line.includes("cdn.example")));
    },
  );
});

test("R-NET-1: a host that is listed with paths is opened at these paths only", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener, { listed: ["shop.example"], paths: ["/other"] });
  const away = await kit.call("browser_open", at("/order"));
  assert.match(away.text, /not reached: shop\.example:80/);
  assert.match((await kit.call("browser_open", at("/other"))).text, /Here is the other page/, "the twin");
  assert.ok(!kit.asked.some((line) => line.includes("/order")));
});

test("R-AGENT-2: what was judged is what is clicked", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener);
  const open = async (path: string) => (await kit.call("browser_open", at(path))).text;

  await t.test(
    "R-AGENT-2: a page at another host than the call says is not touched, and its host is not reached",
    async () => {
      const page = await open("/");
      const asked = kit.asked.length;
      const click = kit.call("browser_click", { ...refIn(page, "button", "Order"), host: "other.example:80" });
      assert.match(await fails(click, "BROWSER_PAGE"), /not at `other\.example` but at `shop\.example:80`/);
      assert.deepEqual(kit.asked.slice(asked), []);
    },
  );

  await t.test("R-AGENT-2: an element that has another name by now is not clicked; one that kept it is", async () => {
    const page = await open("/moves");
    await sleep(900);
    const stale = kit.call("browser_click", { ...refIn(page, "button", "Cheap"), host: SHOP });
    assert.match(await fails(stale, "BROWSER_PAGE"), /is not `Cheap` any more/);
    const now = await kit.call("browser_read");
    assert.ok((await kit.call("browser_click", { ...refIn(now.text, "button", "Dear"), host: SHOP })).ok);
  });

  await t.test(
    "R-AGENT-2: what is covered by something else is not clicked, and a reference of an earlier page is none",
    async () => {
      const page = await open("/covered");
      const covered = kit.call("browser_click", { ...refIn(page, "button", "Below"), host: SHOP });
      assert.match(await fails(covered, "BROWSER_PAGE"), /covered/);
      const gone = kit.call("browser_click", { ref: "e99", element: "Below", host: SHOP });
      assert.match(await fails(gone, "BROWSER_PAGE"), /no element `e99`/);
    },
  );

  await t.test("R-AGENT-2: where no page is open, there is a clear word", async () => {
    const session = newId("ses", random);
    await fails(kit.call("browser_read", {}, { session }), "BROWSER_CLOSED");
    assert.ok((await kit.call("browser_read")).ok, "the twin: where one is, it is read");
  });

  await t.test("R-AGENT-2: a browser that was closed is gone, with its way out; another session's stays", async () => {
    const session = newId("ses", random);
    assert.match((await kit.call("browser_close", {}, { session })).text, /no browser was open/);
    await kit.call("browser_open", at("/other"), { session });
    assert.match((await kit.call("browser_close", {}, { session })).text, /the browser is closed/);
    await fails(kit.call("browser_read", {}, { session }), "BROWSER_CLOSED");
    assert.ok((await kit.call("browser_read")).ok);
  });
});

test("R-AGENT-2: a page that does harm", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener, { callMs: 8000 });
  const press = async (path: string, kind: string, name: string) => {
    const page = await kit.call("browser_open", at(path));
    return kit.call("browser_click", { ...refIn(page.text, kind, name), host: SHOP });
  };

  await t.test("R-AGENT-2: new windows are closed at once, and their address is told", async () => {
    assert.match((await press("/windows", "button", "Open")).text, /a new window was closed: .*\/popped/);
    assert.match((await press("/windows", "link", "Blank")).text, /a new window was closed: .*\/popped/);
    const before = kit.asked.length;
    await kit.call("browser_open", at("/beat"));
    const asked = kit.asked.slice(before);
    assert.ok(asked.includes("GET shop.example/pulse"), "the twin: the page itself goes on asking");
    assert.ok(!asked.includes("GET shop.example/popped-pulse"), "no window is left that does");
  });

  await t.test("R-NET-1: files and the browser's own pages are not shown, by a link or by address", async () => {
    for (const name of ["Local", "Inner"]) {
      const after = await press("/local", "link", name);
      assert.match(after.text, /^page: http:\/\/shop\.example\/local\n/, name);
    }
    assert.match((await press("/local", "link", "Other page")).text, /Here is the other page/, "the twin");
    for (const url of [
      "file:///etc/passwd",
      "chrome://version",
      "view-source:http://shop.example/",
      "data:text/html,x",
    ]) {
      await fails(kit.call("browser_open", { url }, { hosts: [SHOP] }), "BROWSER_PAGE");
    }
  });

  await t.test("R-AGENT-2: a dialog is dismissed and told; a storm of them ends the browser", async () => {
    assert.match((await press("/dialogs", "button", "Once")).text, /a dialog was dismissed: one/);
    assert.match(await fails(press("/dialogs", "button", "Storm"), "BROWSER_FAILED"), /one dialog after the other/);
    await fails(kit.call("browser_read"), "BROWSER_CLOSED");
  });

  await t.test("R-AGENT-2: a page of very many elements is told as far as it goes", async () => {
    const page = await kit.call("browser_open", at("/crowd"));
    assert.match(page.text, /row 1\n/);
    assert.match(page.text, /\[the page is longer; the rest was left out\]/);
    assert.ok(page.text.length < 45_000);
  });

  await t.test("R-AGENT-2: a page that hangs is ended at the deadline, and the next one opens", async () => {
    assert.match(await fails(press("/loop", "button", "Hang"), "BROWSER_FAILED"), /does not answer/);
    assert.match((await kit.call("browser_open", at("/other"))).text, /Here is the other page/);
  });
});

test("R-FS-4: downloads", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener);
  const path = join(kit.workspace, "inbox/profile");

  await t.test("R-FS-4: nothing is downloaded that the call did not ask for", async () => {
    const page = await kit.call("browser_open", at("/file"));
    assert.match(page.text, /a download was refused: profile/);
    await fails(kit.call("browser_save", { download: "d1", path: "inbox/profile" }), "BROWSER_PAGE");
    assert.deepEqual(readdirSync(join(kit.workspace, "inbox")), []);
  });

  await t.test(
    "R-FS-4: one that was asked for lands in the inbox, under a name without folders, labelled as written by strangers",
    async () => {
      const page = await kit.call("browser_open", { ...at("/file"), download: true });
      assert.match(page.text, /download d1: profile, 2000 bytes/);
      const saved = await kit.call("browser_save", { download: "d1", path: "inbox/profile" });
      assert.ok(saved.ok, saved.text);
      assert.deepEqual(readFileSync(path), Buffer.alloc(2000, 65));
      assert.equal(kit.labels.get(path)?.trust, "none");
    },
  );

  await t.test("R-FS-4: it lands in the inbox and nowhere else", async () => {
    await fails(kit.call("browser_save", { download: "d1", path: "profile" }), "DENIED");
    assert.ok(!existsSync(join(kit.workspace, "profile")));
  });

  await t.test("R-FS-4: one that is too large is broken off", async () => {
    const page = await kit.call("browser_open", { ...at("/large"), download: true });
    assert.match(page.text, /was ended: it is larger than/);
    await fails(kit.call("browser_save", { download: "d2", path: "inbox/large" }), "BROWSER_PAGE");
  });
});

test("R-FLOW-1: what was typed into a browser stays with it", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener);
  const influence: Label = {
    trust: "full",
    confidentiality: "secret",
    audience: { kind: "persons", persons: ["owner"] },
    sources: [],
  };
  const page = await kit.call("browser_open", at("/echo"));
  await kit.call(
    "browser_type",
    { ...refIn(page.text, "textbox", "Say"), host: SHOP, text: "the word" },
    { influence },
  );

  await t.test("R-FLOW-1: what a page says later is as confidential as what was typed into it", async () => {
    const read = await kit.call("browser_read");
    assert.match(read.text, /the word/);
    assert.equal(read.label?.confidentiality, "secret");
    assert.deepEqual(read.label?.audience, { kind: "persons", persons: ["owner"] });
    assert.equal(page.label?.confidentiality, "public", "the twin: before that it was not");
  });

  await t.test(
    "R-FLOW-1: what only some may know is not shown to another person of the same conversation",
    async () => {
      await fails(kit.call("browser_read", {}, { person: "ben" }), "AUDIENCE_REFUSED");
      assert.ok((await kit.call("browser_read")).ok, "the twin: to the owner it is");
    },
  );

  await t.test(
    "R-FLOW-1: another host is opened in a browser that knows nothing of it; the same host in the same one",
    async () => {
      assert.equal((await kit.call("browser_open", at("/other"))).label?.confidentiality, "secret");
      const elsewhere = await kit.call("browser_open", { url: "http://other.example/other" });
      assert.match(elsewhere.text, /Here is the other page/);
      assert.equal(elsewhere.label?.confidentiality, "public");
    },
  );
});

test("R-IR-1: stop ends a browser at once, in a call and between two", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener);
  await kit.call("browser_open", at("/other"));
  await kit.stop();
  await fails(kit.call("browser_read"), "BROWSER_CLOSED", "BROWSER_FAILED");
  const page = await kit.call("browser_open", at("/loop"));
  const click = kit.call("browser_click", { ...refIn(page.text, "button", "Hang"), host: SHOP });
  const hanging = fails(click, "BROWSER_FAILED");
  await sleep(300);
  await kit.stop();
  assert.match(await hanging, /stopped/);
});

test("R-BOX-1: a browser that is not used is ended, and one that is used is not", { skip }, async (t) => {
  const kit = await startBrowserKit(t, listener, { idleMs: 4000 });
  await kit.call("browser_open", at("/other"));
  for (let i = 0; i < 6; i++) {
    await sleep(1000);
    assert.ok((await kit.call("browser_read")).ok);
  }
  await sleep(6000);
  await fails(kit.call("browser_read"), "BROWSER_CLOSED");
});
