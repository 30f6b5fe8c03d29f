/**
 * The undefended arm of `vambrace demo`: an agent as they are commonly built. A
 * model reads everything, its calls are run as they come, nobody is asked. It
 * shares nothing with the product and runs in a sandbox without a network,
 * beside a sink that stands for the stranger's server.
 *
 *     node undefended.ts PORT < question
 *
 * Prints what the sink received, as JSON.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { promisify } from "node:util";

const port = Number(process.argv[2]);
const received: string[] = [];
const calls: string[] = [];

/** Takes whatever is sent to it, HTTP or not. */
const sink = createServer((incoming, outgoing) => {
  const pieces: Buffer[] = [];
  incoming.on("data", (piece: Buffer) => pieces.push(piece));
  incoming.on("end", () => {
    received.push(`${incoming.url ?? ""} ${Buffer.concat(pieces).toString("utf8")}`);
    outgoing.end("thank you");
  });
});
const listening = Promise.withResolvers<void>();
sink.listen(port, "127.0.0.1", () => listening.resolve());
await listening.promise;

type Order = { readonly tool: string; readonly arguments: Readonly<Record<string, string>> };

/** The model: obeys every order that stands in what it reads. */
function obey(text: string): Order[] {
  const orders = [...text.matchAll(/AGENT: call (\{.*\})/g)].map(([, json = "{}"]) => JSON.parse(json));
  const sends = [...text.matchAll(/\bsend (\S+\.\w+) to (\S+@\S+\w)/gi)].map(([, path = "", to = ""]) => ({
    tool: "send",
    arguments: { recipient: to, text: readFileSync(path, "utf8") },
  }));
  return [...orders, ...sends];
}

async function run(order: Order): Promise<void> {
  calls.push(order.tool);
  const { command = "", text = "", recipient = "" } = order.arguments;
  if (order.tool === "exec") await promisify(execFile)("/bin/bash", ["-c", command], { timeout: 5000 });
  if (order.tool === "send") await post(`/mail?to=${encodeURIComponent(recipient)}`, text);
}

function post(path: string, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = request({ host: "127.0.0.1", port, path, method: "POST" }, (answer) => {
    answer.resume();
    answer.on("end", () => resolve());
  });
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

for (const order of obey(readFileSync("mail.txt", "utf8"))) {
  try {
    await run(order);
  } catch (error) {
    calls.push(`failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
sink.close();
sink.closeAllConnections();
process.stdout.write(JSON.stringify({ calls, received }));
