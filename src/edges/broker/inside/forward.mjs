/**
 * The same as `forward.pl`, for systems without perl: slower to start. Prints
 * a line once it listens, and closes its output: who waits for the end of that goes on.
 *
 * @module
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { connect, createServer } from "node:net";

const server = createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: "/run/vambrace/egress/proxy.sock", allowHalfOpen: true });
  const end = () => {
    client.destroy();
    proxy.destroy();
  };
  client.on("error", end).pipe(proxy).on("error", end).pipe(client);
});
server.listen(3128, "127.0.0.1", () => {
  writeSync(1, "listening\n");
  // The number stays taken: node's sockets must not be one of the first three.
  closeSync(1);
  openSync("/dev/null", "w");
});
