/**
 * The browser's helper: runs inside a sandbox that holds none of anybody's
 * files, starts the browser with two pipes, and passes on what is said on them.
 *
 * Messages are JSON, each ended by a zero, on standard input and output. One of
 * them is the helper's own: `Vambrace.file` answers with the bytes of a download.
 * No port is opened. The browser's own sandbox is off, because it needs
 * namespaces and there are none in here: the sandbox around all this is the wall.
 *
 * @module
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";

const HOME = "/tmp/browser";
const PROFILE = join(HOME, "profile");
const DOWNLOADS = join(HOME, "downloads");
const POLICIES = join(HOME, "policies");
/** The authority of the egress proxy, which checks the real server's certificate itself. */
const CA = "/run/vambrace/ca.pem";
const FONTS = join(HOME, "fonts.conf");
const MOST_FILE = 16 * 1024 * 1024;
const OWN = "Vambrace.file";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--remote-debugging-pipe",
  `--user-data-dir=${PROFILE}`,
  // All of the network is the egress proxy's, this machine's own addresses too; names are resolved there.
  "--proxy-server=http://127.0.0.1:3128",
  "--proxy-bypass-list=<-loopback>",
  "--disable-quic",
  "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
  "--deny-permission-prompts",
  // Nothing that it does by itself.
  "--no-first-run",
  "--no-default-browser-check",
  "--no-pings",
  "--disable-background-networking",
  "--disable-breakpad",
  "--disable-client-side-phishing-detection",
  "--disable-component-update",
  "--component-updater=initial-delay=1000000",
  "--extensions-update-frequency=1000000",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-extensions",
  "--disable-component-extensions-with-background-pages",
  "--disable-field-trial-config",
  "--disable-search-engine-choice-screen",
  "--disable-sync",
  "--disable-features=AutofillServerCommunication,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PreconnectToSearch,Prerender2,Translate",
  "--metrics-recording-only",
  "--password-store=basic",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--mute-audio",
  "--window-size=1280,900",
  // Its own start page would ask a search engine for things.
  "about:blank",
];

/** 2: never connects to anything ahead of need, its own search engine included. */
const PREFERENCES = { net: { network_prediction_options: 2 }, search: { suggest_enabled: false } };

fs.mkdirSync(DOWNLOADS, { recursive: true });
fs.mkdirSync(join(PROFILE, "Default"), { recursive: true });
fs.writeFileSync(join(PROFILE, "Default/Preferences"), JSON.stringify(PREFERENCES));
fs.mkdirSync(POLICIES);
fs.writeFileSync(join(POLICIES, "vambrace.json"), JSON.stringify(policies()));
fs.writeFileSync(FONTS, `<fontconfig><dir>/usr/share/fonts</dir><cachedir>${HOME}/fonts</cachedir></fontconfig>`);

/** Chromium's own way to trust one authority more: it checks names, dates and signatures as ever, and ignores no error. */
function policies() {
  const pem = fs.existsSync(CA) ? fs.readFileSync(CA, "latin1") : "";
  const found = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g);
  return { CACertificates: [...found].map(([, body = ""]) => body.replaceAll(/\s/g, "")) };
}

const browser = spawn(process.argv[2] ?? "", FLAGS, {
  stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  env: { HOME, PATH: "/usr/bin:/bin", FONTCONFIG_FILE: FONTS, DBUS_SESSION_BUS_ADDRESS: "disabled:", TZ: "UTC" },
});
browser.once("error", () => process.exit(127));
browser.once("exit", (status) => process.exit(status ?? 1));

const [, , , to, from] = browser.stdio;
to.on("error", () => undefined); // its end is told by `exit`
from.on("error", () => undefined);

/**
 * Cuts a stream into its messages, each with the zero that ends it.
 *
 * @param {(message: Buffer) => void} tell
 */
function messages(tell) {
  /** @type {Buffer[]} */
  let held = [];
  return (/** @type {Buffer} */ chunk) => {
    let rest = chunk;
    for (let at = rest.indexOf(0); at >= 0; at = rest.indexOf(0)) {
      held.push(rest.subarray(0, at + 1));
      tell(held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held));
      held = [];
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) held.push(rest);
  };
}

/** @param {object} message */
function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\0`);
}

/** @param {{ id: number, params: { name: string } }} request */
function file({ id, params: { name } }) {
  try {
    if (!/^[0-9A-Za-z-]{8,64}$/.test(name)) throw new Error("not the name of a download");
    const fd = fs.openSync(join(DOWNLOADS, name), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const { size } = fs.fstatSync(fd);
    if (size > MOST_FILE) throw new Error("the file is too large");
    const data = fs.readFileSync(fd).toString("base64");
    fs.closeSync(fd);
    say({ id, result: { data } });
  } catch (error) {
    say({ id, error: { message: error instanceof Error ? error.message : "it cannot be read" } });
  }
}

process.stdin.on(
  "data",
  messages((message) => {
    if (!message.includes(OWN)) return void to.write(message);
    const request = JSON.parse(message.subarray(0, -1).toString("utf8"));
    if (request.method === OWN) file(request);
    else to.write(message);
  }),
);
process.stdin.once("end", () => process.exit(0));
from.on(
  "data",
  messages((message) => void process.stdout.write(message)),
);
say({ method: "Vambrace.ready", params: {} });
