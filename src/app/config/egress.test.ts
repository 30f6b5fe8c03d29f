import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { credentialsOf, egressBytes, egressRules } from "./egress.ts";
import { environmentOf } from "./environment.ts";
import { config, env, refusal, secretsIn } from "./fixture.ts";

const credential = (more = ""): string =>
  `egress: {credentials: {github: {secret: '\${MY_KEY}', hosts: [api.github.com], variable: GITHUB_TOKEN${more}}}}`;

test("R-NET-1: an entry may say paths, programs, budgets, and that its TLS is left alone", () => {
  const rules = egressRules(
    config(`
egress:
  perCall: {uploadKilobytes: 1}
  allow:
    - {host: api.example.org, methods: [POST], paths: [/v1/, '/repos/*/issues'], programs: [curl, /opt/x/tool], uploadKilobytes: 2, downloadKilobytes: 3}
    - {host: pinned.example.org, tls: passthrough}
    - {host: plain.example.org, tls: intercept}`),
  );
  assert.deepEqual(rules, [
    {
      host: "api.example.org",
      ports: [443],
      methods: ["POST"],
      paths: ["/v1/", "/repos/*/issues"],
      programs: ["curl", "/opt/x/tool"],
      upBytes: 2048,
      downBytes: 3072,
    },
    { host: "pinned.example.org", ports: [443], methods: ["GET", "HEAD"], tls: "passthrough" },
    { host: "plain.example.org", ports: [443], methods: ["GET", "HEAD"] },
  ]);
  assert.deepEqual(egressBytes(config("egress: {perCall: {uploadKilobytes: 1}}")), { up: 1024, down: 2 * 1024 ** 3 });
});

test("R-NET-1: what no request can fit, or cannot be held to, is refused when it is written", () => {
  const entry = (keys: string): string => `egress: {allow: [{host: example.org, ${keys}}]}`;
  for (const keys of [
    "paths: [v1]",
    "paths: ['/a/../b']",
    "paths: []",
    "path: /v1",
    "programs: []",
    "programs: ['./x']",
    "programs: ['a b']",
    "tls: off",
    "uploadKilobytes: 0",
  ]) {
    assert.match(refusal(entry(keys)).code, /^CONFIG_(MALFORMED|KEY_UNKNOWN)$/, keys);
  }
  assert.equal(refusal(entry("tls: passthrough, paths: [/v1/]")).code, "CONFIG_UNSAFE");
});

test("R-NET-3: a credential is a reference, bound to hosts, and its value is looked up once it is used", () => {
  const [one] = credentialsOf(
    config(credential(", inject: 'X-Key: k {}', methods: [GET], paths: [/v1/]")),
    secretsIn(env),
  );
  assert.deepEqual(one, {
    variable: "GITHUB_TOKEN",
    credential: {
      name: "github",
      secret: "k-1234567890",
      hosts: ["api.github.com"],
      ports: [443],
      methods: ["GET"],
      paths: ["/v1/"],
      places: ["header"],
      headers: ["authorization", "x-key"],
      inject: "X-Key: k {}",
    },
  });
  assert.doesNotMatch(JSON.stringify(config(credential())), /k-1234567890/, "it is not in the configuration");
});

test("R-NET-3: a credential that is written out, bound to nothing, or badly placed is refused", () => {
  assert.equal(refusal(credential().replace("${MY_KEY}", "k-1234567890")).code, "CONFIG_SECRET");
  for (const more of [
    ", hosts: []",
    ", places: [path]",
    ", headers: [Authorization]",
    ", inject: 'Authorization'",
    ", inject: 'A: b'",
    ', inject: "A: {}\\nB: c"',
    ", value: x",
  ]) {
    const text = more.includes("hosts")
      ? credential().replace("hosts: [api.github.com]", "hosts: []")
      : credential(more);
    assert.match(refusal(text).code, /^CONFIG_(MALFORMED|KEY_UNKNOWN)$/, more);
  }
  assert.equal(refusal(credential().replace("GITHUB_TOKEN", "PATH")).code, "CONFIG_UNSAFE");
  const twice = credential().replace(
    "github:",
    "other: {secret: '${MY_KEY}', hosts: [b.example], variable: GITHUB_TOKEN}, github:",
  );
  assert.match(refusal(twice).message, /variable.*is used by/);
});

test("R-NET-3: a credential and `tls: passthrough` for the same host are refused, also by way of subdomains", () => {
  for (const [bound, open] of [
    ["api.github.com", "api.github.com"],
    ["api.github.com", "*.github.com"],
    ["'*.github.com'", "api.github.com"],
    ["'*.github.com'", "*.github.com"],
  ] as const) {
    const text = credential()
      .replace("[api.github.com]", `[${bound}]`)
      .replace("egress: {", `egress: {allow: [{host: '${open}', tls: passthrough}], `);
    assert.match(refusal(text).message, /whose TLS is passed through/, `${bound} ${open}`);
  }
  const apart = credential().replace("egress: {", "egress: {allow: [{host: gitlab.com, tls: passthrough}], ");
  assert.equal(egressRules(config(apart)).length, 1);
});

test("R-NET-3: a value that is missing, short, or could end a header stops the start and is not repeated", () => {
  const fault = (value: string | undefined): Fault => {
    const where = environmentOf({ HOME: "/home/ana", ...(value === undefined ? {} : { MY_KEY: value }) });
    try {
      credentialsOf(config(credential()), secretsIn(where));
    } catch (error) {
      if (error instanceof Fault) return error;
    }
    return assert.fail("it was taken");
  };
  assert.equal(fault(undefined).code, "CONFIG_VARIABLE_MISSING");
  for (const value of ["short", "with a space", "ends\r\nX: y-and-more", "ümlaut-and-more"]) {
    assert.equal(fault(value).code, "CONFIG_UNSAFE", value);
    assert.ok(!`${fault(value).message}${fault(value).hint}`.includes(value));
  }
});
