/**
 * Takes three lazy exports off `node:http` before anybody imports it: an ES
 * import reads every export, and each of these loads Node's own second HTTP
 * client (60 ms and some MB) for a WebSocket that nobody here uses.
 *
 * Imported for its effect, before what imports `node:http`.
 *
 * @module
 */
const http: object = process.getBuiltinModule("node:http");

for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) Reflect.deleteProperty(http, name);
