import assert from "node:assert/strict";
import { test } from "node:test";
import { hostFinder } from "./hosts.ts";

const find = hostFinder([
  { host: "example.org", ports: [443], methods: ["GET", "HEAD"] },
  { host: "*.example.net", ports: [443], methods: ["GET", "POST"] },
]);

test("R-NET-1: a listed host is listed for its methods and ports only", () => {
  assert.equal(find("https://example.org/x", "get", "/url").listed, true);
  assert.equal(find("https://example.org/x", "POST", "/url").listed, false);
  assert.equal(find("http://example.org/x", "GET", "/url").listed, false);
  assert.equal(find("https://a.example.net/", "POST", "/url").listed, true);
  assert.equal(find("https://example.net/", "POST", "/url").listed, false);
  assert.equal(find("https://example.org.evil.test/", "GET", "/url").listed, false);
});

test("R-NET-1: special addresses are special however they are written", () => {
  for (const host of [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "169.254.169.254",
    "10.0.0.1",
  ]) {
    assert.equal(find(`http://${host}/`, "GET", "/url").reach, "special", host);
  }
});

test("R-NET-1: a public address is public, a name is not resolved", () => {
  const literal = find("http://1.1.1.1/", "GET", "/url");
  assert.deepEqual([literal.reach, literal.addresses, literal.port], ["public", ["1.1.1.1"], 80]);
  assert.deepEqual(
    [find("https://example.org/", "GET", "/u").reach, find("https://example.org/", "GET", "/u").addresses],
    ["unresolved", []],
  );
});

test("R-NET-1: what the parser refuses is special and never listed", () => {
  for (const url of [
    "file:///etc/passwd",
    "https://user@example.org/",
    "nonsense",
    "ftp://example.org/",
    "https://localhost/",
  ]) {
    const fact = find(url, "GET", "/url");
    assert.deepEqual([fact.reach, fact.listed], ["special", false], url);
  }
});
