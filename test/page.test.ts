/** The page in a real browser, before a real gateway: login, chat, and an approval by keyboard alone. @module */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { findBrowser, openBrowser, type Tab } from "./page-browser.ts";
import { makePlace, missing, openPipe } from "./terminal-kit.ts";

const browser = findBrowser();
const skip = browser === undefined ? "there is no Chromium" : missing();
/** A card that has just appeared takes no yes. */
const READING_MS = 1000;

test("R-CHAN-1, R-GATE-3: in a browser the page logs in once, chats and takes answers by keyboard, and nothing breaks its policy", {
  skip,
}, async (t) => {
  const place = await makePlace(t);
  writeFileSync(join(place.workspace, "only.txt"), "the only copy\n");
  const gateway = openPipe(place, ["start", "--port", String(place.port)]);
  await gateway.see(/login\.txt/);
  const address = readFileSync(join(place.state, "login.txt"), "utf8").trim();
  const tab = await openBrowser(browser ?? "", t);

  await t.test("the address logs in, and its code does not stay in the bar", async () => {
    await tab.open(address);
    await tab.until(`document.getElementById("status-connection")?.textContent === "connected"`);
    assert.equal(await tab.value("location.hash"), "");
    assert.equal(await tab.value("document.activeElement.id"), "text");
  });

  await t.test("a request that names everything is done, and its calls are shown with their verdicts", async () => {
    await say(tab, "list the files here, then write hello.txt");
    await tab.until(`/I wrote/.test(document.getElementById("log").innerText)`);
    assert.ok(existsSync(join(place.workspace, "hello.txt")));
    const shown: string = await tab.value(`document.getElementById("log").innerText`);
    assert.match(shown, /list\([^]*allowed[^]*write\([^]*allowed[^]*created/);
    assert.equal(await tab.value(`document.getElementById("questions").hidden`), true);
  });

  for (const [key, isDone] of [
    ["n", false],
    ["y", true],
  ] as const) {
    await t.test(`a question is reached by Tab and answered by ${key}`, async () => {
      await say(tab, "delete only.txt");
      await tab.until(`document.querySelector("article.question") !== null`);
      const shown: string = await tab.value(`document.querySelector("article.question").innerText`);
      for (const part of ["rm only.txt", place.workspace, "no other copy"]) assert.ok(shown.includes(part), part);
      if (key === "y") await tab.asPhoneInTheDark();
      assert.deepEqual(await tab.value(UNNAMED), [], "names and headings");
      assert.deepEqual(await tab.value(FAINT), [], "words that do not stand out");
      assert.equal(await tab.value("document.documentElement.scrollWidth <= innerWidth"), true, "nothing sticks out");
      // Back over its four buttons.
      for (let i = 0; i < 5; i++) await tab.press("Tab", true);
      assert.equal(await tab.value("document.activeElement.className"), "question");
      await wait(READING_MS);
      await tab.press(key);
      await tab.until(`document.querySelector("article.question") === null`);
      await tab.until(
        `/owner said ${key === "y" ? "yes" : "no"}/.test(document.querySelector(".turn:last-child").innerText)`,
      );
      await tab.until(`document.getElementById("stop-turn").disabled`);
      assert.equal(existsSync(join(place.workspace, "only.txt")), !isDone);
      assert.equal(await tab.value("document.activeElement.id"), "text", "the person goes on from there");
    });
  }

  await t.test("the session outlives a reload; the address does not work twice", async () => {
    await tab.open(`http://127.0.0.1:${place.port}/`);
    await tab.until(`document.getElementById("status-connection")?.textContent === "connected"`);
    await tab.value(`localStorage.clear()`);
    await tab.open("about:blank");
    await tab.open(address);
    await tab.until(`document.getElementById("login")?.hidden === false`);
    await tab.until(`document.getElementById("login-says").textContent.length > 20`);
  });

  // The one refusal that this test has asked for itself.
  const complaints = tab.complaints.filter((said) => !/401.*\/api\/login/.test(said));
  assert.deepEqual(complaints, []);
  gateway.kill("SIGTERM");
  assert.equal(await gateway.ended, 0);
});

test("R-IR-1: a stop from elsewhere, a gateway that goes away and one that comes back stopped are seen at once and handled by keyboard", {
  skip,
}, async (t) => {
  const place = await makePlace(t);
  const start = async (): Promise<ReturnType<typeof openPipe>> => {
    const gateway = openPipe(place, ["start", "--port", String(place.port)]);
    await gateway.see(/login\.txt/);
    return gateway;
  };
  const logIn = async (): Promise<void> => {
    await tab.open("about:blank");
    await tab.open(readFileSync(join(place.state, "login.txt"), "utf8").trim());
    await tab.until(`document.getElementById("status-connection")?.textContent === "connected"`);
  };
  const isShown = (id: string): string => `document.getElementById("${id}").hidden === false`;
  let gateway = await start();
  const tab = await openBrowser(browser ?? "", t);
  await logIn();

  assert.equal(await openPipe(place, ["stop", "a drill"]).ended, 0);
  await tab.until(isShown("stopped"));
  assert.match(await tab.value(`document.getElementById("stopped").innerText`), /stopped.*vambrace resume/s);
  assert.deepEqual(await tab.value(FAINT), [], "words that do not stand out");
  await say(tab, "list the files here");
  assert.equal(await tab.value(`document.getElementById("text").value`), "list the files here");
  // Back over the conversation, which scrolls, to the button.
  for (let i = 0; i < 2; i++) await tab.press("Tab", true);
  assert.equal(await tab.value("document.activeElement.id"), "resume");
  await tab.press("Enter");
  await tab.until(`document.getElementById("stopped").hidden`);
  assert.equal(await tab.value("document.activeElement.id"), "text", "the person goes on from there");
  await tab.press("Enter");
  await tab.until(`document.getElementById("log").innerText.includes("The files here")`);

  assert.equal(await openPipe(place, ["stop", "a drill"]).ended, 0);
  await tab.until(isShown("stopped"));
  gateway.kill("SIGTERM");
  await tab.until(isShown("away"));
  assert.equal(await tab.value(`document.getElementById("stopped").hidden`), true);
  await tab.asPhoneInTheDark();
  assert.deepEqual(await tab.value(FAINT), [], "words that do not stand out in the dark");
  assert.equal(await tab.value("document.documentElement.scrollWidth <= innerWidth"), true, "nothing sticks out");
  await gateway.ended;
  gateway = await start();
  await tab.until(isShown("login"));
  assert.equal(await tab.value("document.activeElement.id"), "code");
  await logIn();
  await tab.until(isShown("stopped"));
  gateway.kill("SIGTERM");
  assert.equal(await gateway.ended, 0);
});

async function say(tab: Tab, text: string): Promise<void> {
  await tab.value(`document.getElementById("text").focus()`);
  await tab.type(text);
  await tab.press("Enter");
}

const UNNAMED = `(() => {
  const bad = [];
  for (const element of document.querySelectorAll("input, textarea, button, section, [role=log], [role=status]")) {
    const label = element.getAttribute("aria-label") ?? document.getElementById(element.getAttribute("aria-labelledby") ?? "")?.textContent
      ?? document.querySelector('label[for="' + element.id + '"]')?.textContent ?? (element.tagName === "BUTTON" ? element.textContent : "");
    if (label.trim() === "") bad.push(element.outerHTML.slice(0, 80));
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(heading.tagName[1]);
    if (now > level + 1) bad.push(heading.outerHTML.slice(0, 80));
    level = now;
  }
  if (document.documentElement.lang === "" || document.title === "") bad.push("lang or title");
  return bad;
})()`;

/** WCAG 2.1, 1.4.3: 4.5 to 1. */
const FAINT = `(() => {
  const parts = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).slice(0, 3).map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (parts(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "") || element.disabled) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(element.outerHTML.slice(0, 80));
  }
  return bad;
})()`;
