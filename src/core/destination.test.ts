import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { type Destination, classifyAddress, listsHost, matchesRule, parseDestination } from "./destination.ts";

const DATA = new URL("../../../shared/eval/dev/ssrf-urls/", import.meta.url);

function read(url: string, method = "GET"): Destination {
  const parsed = parseDestination(url, method);
  return parsed.kind === "destination" ? parsed.destination : assert.fail(`${url}: ${parsed.why}`);
}

function why(url: string, method = "GET"): string {
  const parsed = parseDestination(url, method);
  return parsed.kind === "refused" ? parsed.why : assert.fail(`${url} was read as ${parsed.destination.host}`);
}

test("R-NET-1: an ordinary address is read in its parts", () => {
  assert.deepEqual(read("HTTPS://Example.org:8443/a/../b?c=d#e", "get"), {
    url: "https://example.org:8443/b?c=d",
    scheme: "https",
    host: "example.org",
    port: 8443,
    method: "GET",
    literal: false,
    path: "/b?c=d",
    authority: "example.org:8443",
  });
  assert.equal(read("http://example.org").port, 80);
  assert.equal(read("https://example.org").port, 443);
  assert.equal(read("http://bücher.example/").host, "xn--bcher-kva.example");
  assert.equal(read("http://[2606:2800:220:1::1]:81/").host, "2606:2800:220:1::1");
  assert.equal(read("http://_dmarc.example.org/").host, "_dmarc.example.org");
});

test("R-NET-1: every spelling of an address is the address that the platform connects to", () => {
  for (const url of [
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
  ]) {
    const { host, literal } = read(url);
    assert.deepEqual(
      { host, literal, reach: classifyAddress(host).reach },
      { host: "127.0.0.1", literal: true, reach: "special" },
    );
  }
});

test("R-NET-1: other schemes, credentials, empty ports and hosts that are none are refused", () => {
  const cases: readonly [string, RegExp][] = [
    ["file:///etc/passwd", /scheme/],
    ["gopher://example.org/", /scheme/],
    ["ftp://example.org/", /scheme/],
    ["javascript:alert(1)", /scheme/],
    ["http://user@example.org/", /name or password/],
    ["http://:pw@example.org/", /name or password/],
    ["http://example.org:0/", /port/],
    ["http://example.org:65536/", /absolute/],
    ["http://", /absolute/],
    ["//example.org/", /absolute/],
    ["example.org", /absolute/],
    ["http://example.org./", /dot/],
    ["http://a..example.org/", /host name/],
    ["http://${AWS_HOST}.example/", /host name/],
    [`http://example.org/${"a".repeat(9000)}`, /absolute/],
  ];
  for (const [url, reason] of cases) assert.match(why(url), reason, url);
});

test("R-NET-1: names of this machine are refused whatever a rule says", () => {
  for (const host of ["localhost", "LOCALHOST", "a.localhost", "localhost.localdomain", "ip6-loopback"]) {
    const rules = [{ host, ports: [80], methods: [] }];
    assert.equal(parseDestination(`http://${host}/`, "GET", rules).kind, "refused", host);
  }
});

test("R-NET-1: names of the local network need a rule that lists them", () => {
  for (const host of ["metadata", "metadata.google.internal", "printer.local", "nas.lan", "router.home.arpa"]) {
    assert.match(why(`http://${host}/`), /local network/, host);
    assert.equal(
      parseDestination(`http://${host}/`, "GET", [{ host, port: 80, methods: [] }]).kind,
      "destination",
      host,
    );
    assert.equal(parseDestination(`http://${host}/`, "GET", [{ host, port: 81, methods: [] }]).kind, "refused", host);
  }
});

test("R-NET-1: methods that make tunnels or echo are refused, ordinary ones are upper case", () => {
  for (const method of ["CONNECT", "trace", "GET /", "", "PROP FIND", "A".repeat(30)])
    assert.match(why("http://example.org/", method), /method/);
  for (const method of ["GET", "head", "POST", "DELETE", "PROPFIND"])
    assert.equal(read("http://example.org/", method).method, method.toUpperCase());
});

test("R-NET-1: a rule lists one host, or the subdomains of one, never a part of a name", () => {
  const rule = (host: string) => ({ host, ports: [443], methods: [] });
  const cases: readonly [string, string, boolean][] = [
    ["example.org", "example.org", true],
    ["Example.ORG", "example.org", true],
    ["example.org", "www.example.org", false],
    ["example.org", "badexample.org", false],
    ["*.example.org", "www.example.org", true],
    ["*.example.org", "a.b.example.org", true],
    ["*.example.org", "example.org", false],
    ["*.example.org", "badexample.org", false],
    ["*.0.0.1", "127.0.0.1", false],
    ["*", "example.org", false],
    ["*.", "example.org", false],
    ["", "example.org", false],
    ["*.bücher.example", "www.xn--bcher-kva.example", true],
    ["[2606:2800::1]", "2606:2800::1", true],
    ["2606:2800::1", "2606:2800::1", true],
  ];
  for (const [listed, host, expected] of cases)
    assert.equal(listsHost(host, 443, rule(listed)), expected, `${listed} ${host}`);
  assert.equal(listsHost("example.org", 80, rule("example.org")), false);
  assert.equal(listsHost("example.org", 80, { host: "example.org", ports: [], methods: [] }), false);
});

test("R-NET-1: a rule without methods means GET and HEAD", () => {
  const open = { host: "example.org", ports: [443], methods: [] };
  assert.deepEqual(
    ["GET", "HEAD", "POST", "PUT"].map((method) => matchesRule("example.org", 443, method, open)),
    [true, true, false, false],
  );
  const posting = { host: "example.org", port: 443, methods: ["post"] };
  assert.equal(matchesRule("example.org", 443, "POST", posting), true);
  assert.equal(matchesRule("example.org", 443, "GET", posting), false);
});

test("R-NET-1: INVARIANT(one-parser): what was read is read the same again", () => {
  const piece = fc.constantFrom(
    "http",
    "https",
    "://",
    ":",
    "//",
    "\\",
    "@",
    "#",
    "?",
    "[",
    "]",
    "::1",
    "127.1",
    "0x7f",
    "example.org",
    ".",
    "%2e",
    "。",
    "\t",
    "80",
    "a",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl(),
        fc.array(piece, { maxLength: 12 }).map((parts) => `http://${parts.join("")}`),
      ),
      (url) => {
        const parsed = parseDestination(url, "GET");
        if (parsed.kind === "refused") return;
        assert.deepEqual(parseDestination(parsed.destination.url, "GET"), parsed);
        assert.equal(new URL(url).host, parsed.destination.authority);
      },
    ),
    { numRuns: 3000 },
  );
});

type UrlCase = {
  input: string;
  base: string | null;
  failure?: boolean;
  protocol: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  username: string;
  password: string;
};

test("R-NET-1: agrees with the cases of the WHATWG parser", (t) => {
  if (!existsSync(DATA)) return t.skip("the evaluation data is absent");
  const cases: readonly (UrlCase | string)[] = JSON.parse(
    readFileSync(new URL("whatwg-urltestdata.json", DATA), "utf8"),
  );
  const seen = { failing: 0, read: 0 };
  for (const one of cases) {
    if (typeof one === "string" || one.base !== null) continue;
    const parsed = parseDestination(one.input, "GET");
    if (one.failure === true) seen.failing++;
    if (parsed.kind === "refused") continue;
    assert.notEqual(one.failure, true, one.input);
    const { destination } = parsed;
    assert.equal(destination.host, one.hostname.replace(/^\[|\]$/g, ""), one.input);
    assert.equal(
      destination.port,
      one.port === "" ? (one.protocol === "https:" ? 443 : 80) : Number(one.port),
      one.input,
    );
    assert.equal(destination.path, one.pathname + one.search, one.input);
    assert.equal(one.username + one.password, "", one.input);
    seen.read++;
  }
  assert.ok(seen.failing > 100 && seen.read > 20, JSON.stringify(seen));
});

type SsrfCase = { url: string; whatwg: { target?: string } };

test("R-NET-1: no known SSRF string that names a non-public target passes", (t) => {
  if (!existsSync(DATA)) return t.skip("the evaluation data is absent");
  const lines = readFileSync(new URL("ssrf.jsonl", DATA), "utf8").trim().split("\n");
  const seen = new Map<string, number>();
  for (const line of lines) {
    const one: SsrfCase = JSON.parse(line);
    const target = one.whatwg.target ?? "invalid";
    const parsed = parseDestination(one.url, "GET");
    if (target !== "name" && parsed.kind === "destination") {
      const { host, literal } = parsed.destination;
      assert.ok(literal && classifyAddress(host).reach === "special", `${one.url} reaches ${host}`);
    }
    seen.set(target, (seen.get(target) ?? 0) + 1);
  }
  assert.ok((seen.get("non-public-literal") ?? 0) > 50, JSON.stringify([...seen]));
});
