/**
 * The same as `forward.pl`, for systems without perl: slower to start. Prints
 * a line once it listens.
 *
 * @module
 */
import { connect, createServer } from "node:net";

const server = createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: "/run/vambrace/egress/proxy.sock", allowHalfOpen: true });
  const end = () => {
    client.destroy();
    proxy.destroy();
  };
  client.on("error", end).pipe(proxy).on("error", end).pipe(client);
});
server.listen(3128, "127.0.0.1", () => process.stdout.write("listening\n"));
