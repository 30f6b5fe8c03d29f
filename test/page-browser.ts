/**
 * A browser, driven over the DevTools protocol on two pipes: as much of it as
 * the page's test needs, and no package for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";

// oxlint-disable-next-line typescript/no-explicit-any -- what the protocol answers is looked at member by member
type Answer = any;

export type Tab = {
  open(url: string): Promise<void>;
  /** The value of an expression, as JSON carries it. */
  value(expression: string): Promise<Answer>;
  /** Resolves when the expression is true. */
  until(expression: string): Promise<void>;
  type(text: string): Promise<void>;
  press(key: "Enter" | "Tab" | "y" | "s" | "n", shift?: boolean): Promise<void>;
  /** As on a phone, and in the dark. */
  asPhoneInTheDark(): Promise<void>;
  /** What stands in the console, what was refused by a policy, and what was thrown. */
  readonly complaints: readonly string[];
};

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-pipe",
];
const PATIENCE_MS = 15_000;

export function findBrowser(): string | undefined {
  return BROWSERS.find((path) => existsSync(path));
}

export async function openBrowser(program: string, t: { after(body: () => Promise<void>): void }): Promise<Tab> {
  const profile = mkdtempSync(join(tmpdir(), "vambrace-browser-"));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    env: { HOME: profile, PATH: "/usr/bin:/bin" },
  });
  const gone = Promise.withResolvers<void>();
  child.once("close", () => gone.resolve());
  t.after(async () => {
    child.kill("SIGKILL");
    await gone.promise;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const [, , , to, from] = child.stdio;
  assert.ok(to instanceof Writable && (from instanceof Readable || from instanceof Duplex));
  const complaints: string[] = [];
  const call = speak(to, from, (method, params) => {
    const said = complaintOf(method, params);
    if (said !== undefined) complaints.push(said);
  });
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const tab = (method: string, params: object = {}): Promise<Answer> => call(method, params, sessionId);
  for (const domain of ["Page", "Runtime", "Log", "Audits"]) await tab(`${domain}.enable`);
  return { ...hands(tab), complaints };
}

type Call = (method: string, params?: object) => Promise<Answer>;

function hands(tab: Call): Omit<Tab, "complaints"> {
  const value = async (expression: string): Promise<Answer> => {
    const { result, exceptionDetails } = await tab("Runtime.evaluate", { expression, returnByValue: true });
    assert.equal(exceptionDetails, undefined, expression);
    return result.value;
  };
  return {
    value,
    async open(url) {
      await tab("Page.navigate", { url });
    },
    async until(expression) {
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 50) {
        if ((await value(expression)) === true) return;
        await wait(50);
      }
      assert.fail(`waited for ${expression}; the page says: ${await value("document.body.innerText")}`);
    },
    async asPhoneInTheDark() {
      await tab("Emulation.setDeviceMetricsOverride", { width: 360, height: 640, deviceScaleFactor: 2, mobile: true });
      await tab("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
    },
    async type(text) {
      await tab("Input.insertText", { text });
    },
    async press(key, shift = false) {
      const code = { Enter: 13, Tab: 9, y: 89, s: 83, n: 78 }[key];
      const text = key === "Enter" ? "\r" : key === "Tab" ? "" : key;
      const common = { key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0 };
      await tab("Input.dispatchKeyEvent", { type: text === "" ? "rawKeyDown" : "keyDown", text, ...common });
      await tab("Input.dispatchKeyEvent", { type: "keyUp", ...common });
    },
  };
}

/** One JSON object a message, each ended by a zero. */
function speak(to: Writable, from: NodeJS.ReadableStream, tell: (method: string, params: Answer) => void) {
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  let held = "";
  from.setEncoding("utf8");
  from.on("data", (piece: string) => {
    const parts = (held + piece).split("\0");
    held = parts.pop() ?? "";
    for (const part of parts) {
      const message: Answer = JSON.parse(part);
      if (message.id === undefined) tell(message.method, message.params);
      else waiting.get(message.id)?.(message);
    }
  });
  return async (method: string, params: object = {}, sessionId?: string): Promise<Answer> => {
    const id = ++count;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    waiting.set(id, resolve);
    to.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    const { result, error } = await promise;
    waiting.delete(id);
    assert.equal(error, undefined, method);
    return result;
  };
}

/** Warnings and worse, and every issue: a violated policy is one. */
function complaintOf(method: string, params: Answer): string | undefined {
  if (method === "Runtime.exceptionThrown") return JSON.stringify(params.exceptionDetails);
  if (method === "Audits.issueAdded") return JSON.stringify(params.issue);
  if (method === "Log.entryAdded" && params.entry.level !== "info" && params.entry.level !== "verbose")
    return `${params.entry.text} ${params.entry.url ?? ""}`;
  if (method === "Runtime.consoleAPICalled" && (params.type === "error" || params.type === "warning"))
    return JSON.stringify(params.args);
  return undefined;
}
