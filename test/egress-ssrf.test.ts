/** No address, however it is written, and no resolver, leads the proxy to an address that is not public. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { resolve } from "node:path";
import { test } from "node:test";
import { openWay, serveHttp, SITE, talk } from "./egress-support.ts";
import { isPublic, requestsFor, RESOLVERS, rulesFor, ssrfCases, watchedWorld } from "./egress-ssrf.ts";

const cases = ssrfCases(resolve(import.meta.dirname, "../../shared/eval/dev"));
const skip = cases === undefined ? "the evaluation data is absent" : false;
/** The lists of attacks whole; of the parser's own cases a part, where not everything is asked for. */
const isPicked = ({ id }: { readonly id: string }): boolean =>
  !id.startsWith("whatwg-") || Number(id.slice("whatwg-".length)) % SAMPLE === 0;
const SAMPLE = process.env["VAMBRACE_CAMPAIGN"] === "full" ? 1 : 9;

for (const [name, answers] of Object.entries(RESOLVERS)) {
  test(`R-NET-1: addresses that lie reach nothing that is not public, where ${name}`, { skip }, async (t) => {
    const dialed: string[] = [];
    let asked = 0;
    for (const { id, url } of (cases ?? []).filter(isPicked)) {
      const world = watchedWorld(answers);
      const way = await openWay(t, world, rulesFor(url), { headMs: 200 });
      // Twice: the second question may get another answer.
      for (const request of [...requestsFor(url), ...requestsFor(url)]) {
        await talk(way.socket, request, /\r\n\r\n/);
        asked++;
      }
      await way.close();
      assert.ok(world.dialed.every(isPublic), `${id}: ${world.dialed.join(" ")}`);
      dialed.push(...world.dialed);
    }
    t.diagnostic(`${asked} requests, ${dialed.length} would have been connected, all to public addresses`);
    assert.ok(asked > 500);
    if (name === "every name is public") assert.ok(dialed.length > 100, "the honest twin");
    if (name === "every name is this machine") assert.ok(dialed.every((address) => address !== "127.0.0.1"));
  });
}

test("R-NET-1: a redirect to any of them is an answer, and following it is judged like a first request", {
  skip,
}, async (t) => {
  let target = "";
  const port = await serveHttp(t, (_, res) => res.writeHead(302, { Location: target }).end());
  const lies = (cases ?? []).filter(isPicked).filter(({ url }) => /^[\x21-\x7e]+$/.test(url));
  for (const { id, url } of lies) {
    target = url;
    const world = watchedWorld([[SITE]]);
    const reached: string[] = [];
    const leading = {
      ...world,
      dial: async (address: string) => {
        reached.push(address);
        const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
        await new Promise((done) => socket.once("connect", done));
        return socket;
      },
    };
    const way = await openWay(t, leading, [{ host: "start.example", port: 80, methods: ["GET"] }, ...rulesFor(url)], {
      headMs: 200,
    });
    const first = "GET http://start.example/ HTTP/1.1\r\nHost: start.example\r\nConnection: close\r\n\r\n";
    assert.match(await talk(way.socket, first), /^HTTP\/1\.1 302 /, id);
    assert.equal(reached.length, 1, "it is not followed");
    await talk(way.socket, requestsFor(url)[0] ?? "", /\r\n\r\n/);
    await way.close();
    assert.ok(reached.every(isPublic), `${id}: ${reached.join(" ")}`);
  }
  assert.ok(lies.length > 40);
});
