import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { WebSocket } from "ws";
import { Fault } from "../src/core/fault.ts";
import { parsePersonId } from "../src/core/ids.ts";
import { PERMISSIONS, type Permission } from "../src/core/person.ts";
import type { TurnEvent } from "../src/core/turn.ts";
import { loadPage } from "../src/edges/http/page.ts";
import { OUTCOME, QUESTION } from "../src/edges/http/testing.ts";
import { type Door, openDoor, until } from "./http-bench.ts";

const WEB = fileURLToPath(new URL("../web/", import.meta.url));
const { start } = await import(`${WEB}page.js`);
const { visible } = await import(`${WEB}text.js`);

// oxlint-disable-next-line typescript/no-explicit-any -- the compiler's library for these files has no DOM
type Dom = any;

type Page = {
  readonly document: Dom;
  readonly storage: Map<string, string>;
  text(id: string): string;
  isShown(id: string): boolean;
  say(text: string): void;
  click(id: string): void;
  /** Moves the page's own clock. */
  wait(ms: number): void;
  [Symbol.dispose](): void;
};

/** The page as it runs in a browser, on a document without one, talking to a real door as its own origin. */
async function openPage(door: Door, hash: string, storage = new Map<string, string>()): Promise<Page> {
  const { document, Event } = parseHTML(await readFile(`${WEB}index.html`, "utf8"));
  const lines: WebSocket[] = [];
  let cookie = "";
  let nowMs = 0;
  let count = 0;
  await start({
    document,
    hash,
    dropHash: () => undefined,
    storage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => storage.set(key, value),
      removeItem: (key: string) => storage.delete(key),
    },
    host: new URL(door.url).host,
    isSecure: false,
    fetch: async (path: string, init: RequestInit) => {
      const headers = { ...(init.headers as Record<string, string>), cookie, origin: door.url };
      const response = await fetch(`${door.url}${path}`, { ...init, headers });
      cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return response;
    },
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { cookie, origin: door.url } });
        lines.push(this);
      }
    },
    newId: () => `id-${++count}`,
    now: () => nowMs,
    later: () => undefined,
    every: () => undefined,
  });
  const at = (id: string): Dom => {
    const element = document.getElementById(id);
    assert.ok(element !== null, id);
    return element;
  };
  return {
    document,
    storage,
    text: (id) => at(id).textContent ?? "",
    isShown: (id) => !at(id).hasAttribute("hidden"),
    say(text) {
      at("text").value = text;
      at("chat-form").dispatchEvent(new Event("submit", { cancelable: true }));
    },
    click: (id) => at(id).click(),
    wait: (ms) => void (nowMs += ms),
    [Symbol.dispose]: () => lines.forEach((line) => line.terminate()),
  };
}

async function loggedIn(door: Door, permissions: readonly Permission[] = PERMISSIONS): Promise<Page> {
  const request = {
    person: parsePersonId("owner"),
    trust: "full",
    permissions,
    channel: "webchat",
  } as const;
  const { code } = await door.step.logins.issue(request);
  const page = await openPage(door, `#login=${code}`);
  await until("the connection", () => page.text("status-connection") === "connected");
  return page;
}

test("R-CHAN-1: the one-time code behind the # logs the page in, and the message is answered in it", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door);
  assert.equal(page.isShown("chat") && !page.isShown("login"), true);
  page.say("list the files here");
  await until("the answer", () => page.text("log").includes("there"));
  assert.match(page.text("log"), /list the files here/);
  assert.match(page.text("log"), /list\(path: \.\).*allowed: named by the person.*3 files/s);
  await until("the status", () => page.text("status-model") !== "");
  assert.match(page.text("status-model"), /offline model/);
  assert.equal(page.text("status-ready"), "ready");
});

test("R-CHAN-1: what arrives from another session is shown, as that session's words", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door);
  await until("the page watching", () => door.gateway.asked.some(([name]) => name === "watch"));
  door.gateway.tell({ type: "notice", from: "research", text: "<b>found it</b>", session: QUESTION.origin.session });
  await until("the notice", () => page.text("log").includes("From research"));
  assert.match(page.text("log"), /<b>found it<\/b>/);
});

test("R-CHAN-1: what was said before is there after a reload, as text and with who said it", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door);
  await until("the past", () => page.text("log").includes("it was that"));
  const log = page.text("log");
  assert.match(log, /You, earlier.*what was it <b>again<\/b>.*list \{"path":"\."\}.*Vambrace, earlier.*it was that/s);
  page.say("list the files here");
  await until("the answer", () => page.text("log").includes("there"));
  assert.equal(page.text("log").split("it was that").length, 2);
});

test("R-CHAN-1: without a login the page shows none of the conversation, and says how to log in", async () => {
  await using door = await openDoor();
  for (const hash of ["", "#login=wrong0", "#login=<b>x</b>"]) {
    using page = await openPage(door, hash);
    assert.equal(page.isShown("login") && !page.isShown("chat") && !page.isShown("questions"), true, hash);
    assert.equal(page.storage.size, 0);
  }
});

test("R-GATE-2: logging out leaves the page without proof and the session without use", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door);
  assert.equal(page.storage.size, 1);
  page.click("logout");
  await until("the login", () => page.isShown("login"));
  assert.equal(page.storage.size, 0);
  assert.ok(door.records.some(({ what }) => what === "login.ended"));
});

test("R-IR-1: a stop is shown on the page at once, with the way to go on, and what was typed stays until then", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door);
  await until("the page watching", () => door.gateway.asked.some(([name]) => name === "watch"));
  await until("the status", () => page.text("status-model") !== "");
  assert.deepEqual([page.isShown("stopped"), page.isShown("halt")], [false, true]);

  door.gateway.tell({ type: "stopped" });
  await until("the stop", () => page.isShown("stopped"));
  assert.match(page.text("stopped"), /Everything is stopped\..*vambrace resume/s);
  assert.deepEqual([page.isShown("resume"), page.isShown("halt"), page.isShown("away")], [true, false, false]);
  assert.equal(page.document.title, "Vambrace: stopped");
  page.say("list the files here");
  assert.equal(page.document.getElementById("text").value, "list the files here");
  assert.match(page.text("unsent"), /Not sent: everything is stopped/);

  door.gateway.tell({ type: "resumed" });
  await until("the end of it", () => !page.isShown("stopped"));
  assert.deepEqual([page.isShown("halt"), page.text("unsent"), page.document.title], [true, "", "Vambrace"]);
  page.say("list the files here");
  await until("the answer", () => page.text("log").includes("there"));
  assert.equal(page.document.getElementById("text").value, "");
});

test("R-IR-1: where resuming is refused the page says why", async () => {
  await using door = await openDoor();
  door.gateway.resume = async () => {
    throw new Fault("INCIDENT_CONFLICT", { message: "an incident is open", hint: "record its cause first" });
  };
  using page = await loggedIn(door);
  page.click("resume");
  await until("the reason", () => page.text("not-done").includes("an incident is open (record its cause first)"));
});

test("R-IR-1: a gateway that went away or does not answer is said so, with how to start one, and nothing old is shown as if it were so", async () => {
  const door = await openDoor();
  using page = await loggedIn(door);
  await until("the status", () => page.text("status-ready") === "ready");
  await door[Symbol.asyncDispose]();
  await until("the loss", () => page.isShown("away"));
  assert.match(page.text("away"), /does not answer.*vambrace start/s);
  assert.deepEqual([page.isShown("stopped"), page.isShown("halt"), page.text("status-ready")], [false, false, ""]);
  page.say("list the files here");
  assert.equal(page.document.getElementById("text").value, "list the files here");
});

test("R-IR-1: whoever may not operate sees that everything is stopped, and no button for it", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door, ["chat"]);
  await until("the page watching", () => door.gateway.asked.some(([name]) => name === "watch"));
  await until("the status", () => page.text("status-model") !== "");
  door.gateway.tell({ type: "stopped" });
  await until("the stop", () => page.isShown("stopped"));
  assert.deepEqual([page.isShown("resume"), page.isShown("halt")], [false, false]);
});

test("R-EXEC-1: a question is drawn with the exact call, folder, reason and origins, and answered once", async () => {
  await using door = await openDoor();
  using page = await loggedIn(door);
  await until("the open question", () => page.isShown("questions"));
  door.gateway.tell({ type: "closed", id: QUESTION.id, answer: "no", by: "owner" });
  await until("it to close", () => !page.isShown("questions"));
  const origin = { kind: "web", id: "https://evil.example/", trust: "none" } as const;
  const fact = {
    pointer: "/command",
    argument: "command",
    role: "command",
    value: "rm notes.md",
    designated: false,
    sources: [origin],
  } as const;
  door.gateway.tell({ type: "opened", question: { ...QUESTION, origins: [fact] } });
  await until("the question", () => page.isShown("questions"));
  const shown = page.text("question-list");
  for (const part of [
    QUESTION.says,
    "rm notes.md",
    QUESTION.cwd,
    "floor.delete",
    "not named by a person",
    "web https://evil.example/ (trust: none)",
  ]) {
    assert.ok(shown.includes(part), part);
  }
  const yes = page.document.querySelector("button.yes");
  yes?.click();
  page.say("go on");
  await until("the turn", () => page.text("log").includes("there"));
  assert.equal(
    door.gateway.asked.some(([name]) => name === "answer"),
    false,
    "a yes under a finger that was there before",
  );
  page.wait(1000);
  yes?.click();
  yes?.click();
  await until("the answer", () => door.gateway.asked.some(([name]) => name === "answer"));
  assert.deepEqual(
    door.gateway.asked.filter(([name]) => name === "answer").map((asked) => asked.slice(2)),
    [[QUESTION.id, "yes", "once"]],
  );
});

test("R-EXEC-1: a question is answered by its keys when focused, and by no key with a modifier", async () => {
  for (const [key, extra, answer] of [
    ["y", {}, ["yes", "once"]],
    ["s", {}, ["yes", "session"]],
    ["N", {}, ["no", "once"]],
    ["y", { ctrlKey: true }, undefined],
    ["y", { repeat: true }, undefined],
    ["x", {}, ["no", "never"]],
    ["r", {}, undefined],
    ["q", {}, undefined],
  ] as const) {
    await using door = await openDoor();
    using page = await loggedIn(door);
    await until("the question", () => page.isShown("questions"));
    page.wait(1000);
    const card = page.document.querySelector("article.question");
    assert.equal(card?.getAttribute("tabindex"), "0");
    const event = Object.assign(new page.document.defaultView.Event("keydown"), { key, ...extra });
    card?.dispatchEvent(event);
    page.say("go on");
    await until("the turn", () => page.text("log").includes("there"));
    assert.deepEqual(door.gateway.asked.find(([name]) => name === "answer")?.slice(3), answer, key);
  }
});

test("R-FLOW-5: what a model or a page wrote is shown as text, hidden characters spelled out, never as markup", async () => {
  await using door = await openDoor();
  const nasty = `<img src=x onerror=alert(1)><script>1</script>[x](javascript:1) a\u202eb\u200bc\u0007`;
  door.gateway.chatWith(async (_request, emit) => {
    const events: TurnEvent[] = [
      { type: "text", delta: nasty },
      {
        type: "call.proposed",
        call: QUESTION.call,
        tool: "exec",
        arguments: { command: nasty, more: { deep: nasty } },
      },
      { type: "call.decided", call: QUESTION.call, verdict: "deny", says: nasty, because: [] },
      { type: "fault", code: "DENIED", message: nasty, hint: nasty },
    ];
    events.forEach(emit);
    return OUTCOME;
  });
  using page = await loggedIn(door);
  page.say(nasty);
  await until("the answer", () => page.text("log").includes("denied"));
  assert.equal(page.document.querySelectorAll("#log img, #log script, #log a, #log iframe").length, 0);
  for (const hidden of ["\u202e", "\u200b", "\u0007"]) assert.equal(page.text("log").includes(hidden), false);
  assert.ok(page.text("log").includes("a⟨U+202E⟩b⟨U+200B⟩c⟨U+0007⟩"));
});

test("R-FLOW-5: no control, direction or zero-width character survives, and ordinary text is not touched", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown: string = visible(text);
      assert.equal(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(shown.replace(/[\n\t]/g, "")), false);
    }),
  );
  for (const text of ["Zażółć gęślą jaźń", "日本語のテキスト", "שלום עולם", "emoji 🙂", "a\n\tb"])
    assert.equal(visible(text), text);
});

test("R-GATE-3: the page needs nothing that the policy forbids: no markup from text, no inline script or style, nothing from elsewhere", async () => {
  const names = (await readdir(WEB)).filter((name) => /\.(js|html|css|svg)$/.test(name));
  assert.ok(names.length >= 12);
  for (const name of names) {
    const text = await readFile(`${WEB}${name}`, "utf8");
    const bad =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc|\beval\b|new Function|DOMParser|\son[a-z]+=|style=|<style|javascript:|import\("(?!\.\.?\/)/i;
    assert.equal(bad.exec(text)?.[0], undefined, name);
    const urls = [...text.matchAll(/\b(?:https?:)?\/\/[a-z][^\s"'`)]+/gi)]
      .map(([url]) => url)
      .filter((url) => url !== "http://www.w3.org/2000/svg");
    assert.deepEqual(urls, [], name);
  }
  const html = await readFile(`${WEB}index.html`, "utf8");
  const { document } = parseHTML(html);
  for (const script of document.querySelectorAll("script")) assert.equal(script.textContent, "");
});

test("R-GATE-3: every file of the page is served from a fixed table, and no other path reaches one", async () => {
  const page = await loadPage(WEB);
  await using door = await openDoor({ page });
  for (const [path, { type }] of page) {
    const response = await fetch(`${door.url}${path}`);
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, type], path);
  }
  const names = (await readdir(WEB)).filter((name) => /\.(js|html|css|svg)$/.test(name));
  assert.deepEqual([...page.keys()].map((path) => (path === "/" ? "index.html" : path.slice(1))).sort(), names.sort());
  for (const path of [
    "/index.html",
    "/tsconfig.json",
    "/..%2fpackage.json",
    "/%2e%2e/package.json",
    "/app.js%00",
    "//app.js",
  ]) {
    const response = await fetch(`${door.url}${path}`);
    assert.ok(response.status >= 400, path);
  }
  await assert.rejects(loadPage("/nowhere"));
});
