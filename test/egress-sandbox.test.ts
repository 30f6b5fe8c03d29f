/** Real programs in the real sandbox, behind the proxy: what they reach, trust and hold. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Credential } from "../src/core/credential.ts";
import type { HostLimit } from "../src/core/decision.ts";
import {
  certificateFor,
  internet,
  limit,
  openWay,
  type Opened,
  serveHttps,
  SITE,
  temporaryFolder,
} from "./egress-support.ts";
import { type Kit, missing, startBroker } from "./sandbox-kit.ts";

const lacking = (program: string): string | false =>
  missing() || (existsSync(program) ? false : `${program} is not installed`);
const pair = certificateFor("site.example");
const POST = "curl -sS -m 10 -d x https://site.example/";
let kit: Kit;

before(async () => {
  if (missing() === false) kit = await startBroker();
});
after(async () => {
  if (missing() === false) await kit.close();
});

async function online(
  t: TestContext,
  hosts: readonly HostLimit[],
  options: { readonly listener?: RequestListener; readonly credentials?: readonly Credential[] } = {},
): Promise<{ readonly way: Opened; readonly sh: (script: string, env?: Record<string, string>) => Promise<string> }> {
  const listener: RequestListener = options.listener ?? ((req, res) => res.end(`<${req.method} ${req.url}>`));
  const port = await serveHttps(t, pair, listener);
  const world = { ...internet({ "site.example": [[SITE]] }, { [`${SITE}:443`]: port }), roots: pair.cert };
  const way = await openWay(t, world, hosts, { credentials: options.credentials ?? [] });
  return {
    way,
    sh: async (script, env = {}) => {
      const job = kit.job();
      const { out, err } = await kit.sh(script, {
        env: { ...job.env, ...env },
        egressSocket: way.socket,
        ...(way.ca === null ? {} : { egressCa: way.ca }),
      });
      return out + err;
    },
  };
}

test("R-NET-1, R-EXEC-5: curl in the sandbox reaches a listed host by the listed method, and by no other", {
  skip: lacking("/usr/bin/curl"),
}, async (t) => {
  const { way, sh } = await online(t, [limit("site.example", 443)]);
  assert.match(await sh("curl -sS -m 10 https://site.example/a?b"), /^<GET \/a\?b>/);
  assert.match(await sh(POST), /vambrace refused this: POST to site\.example:443 is not listed/);
  assert.match(await sh("curl -sS -m 10 https://other.example/"), /403/);
  await way.close();
  assert.deepEqual(
    way.told.map(({ host, verdict, request }) => `${host} ${verdict} ${request}`),
    ["site.example allowed GET /a", "site.example refused undefined", "other.example refused undefined"],
  );
});

test("R-NET-1: every usual client trusts the proxy's authority, inside the sandbox of that call alone", {
  skip: lacking("/usr/bin/curl"),
}, async (t) => {
  const { sh } = await online(t, [limit("site.example", 443)]);
  const clients = {
    "/usr/bin/curl": "env -u CURL_CA_BUNDLE -u SSL_CERT_FILE curl -sS -m 10 https://site.example/",
    "/usr/bin/wget": "wget -q -T 10 -O - https://site.example/",
    "/usr/bin/python3": `/usr/bin/python3 -c "import urllib.request as u; print(u.urlopen('https://site.example/').read())"`,
    "/usr/bin/openssl":
      "printf 'GET / HTTP/1.1\\r\\nHost: site.example\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error -proxy 127.0.0.1:3128 -connect site.example:443 -servername site.example 2>/dev/null",
  };
  for (const [program, script] of Object.entries(clients)) {
    if (existsSync(program)) assert.match(await sh(script), /<GET \/>/, program);
    else t.diagnostic(`${program} is not installed`);
  }
  const without = await kit.sh("ls /run/vambrace /run/vambrace/ca.pem; env | grep -i -e proxy -e _ca -e cert");
  assert.equal(without.out, "", "a sandbox without a way out knows nothing of it");
});

test("R-NET-1: git clones over a host that is looked into", { skip: lacking("/usr/bin/git") }, async (t) => {
  const bare = join(temporaryFolder(t), "x.git");
  const git = (args: string): void => void execFileSync("/bin/sh", ["-c", args], { stdio: "ignore" });
  git(`git init -q --bare ${bare} && cd ${bare} && T=$(git mktree </dev/null) &&
    C=$(git -c user.name=a -c user.email=a@b.example commit-tree -m first $T) &&
    git update-ref refs/heads/main $C && git symbolic-ref HEAD refs/heads/main && git update-server-info`);
  const { way, sh } = await online(t, [{ ...limit("site.example", 443), paths: ["/x.git/"] }], {
    listener: (req, res) => {
      const file = join(bare, "..", (req.url ?? "").replace(/\?.*$/, ""));
      if (existsSync(file)) res.end(readFileSync(file));
      else res.writeHead(404).end();
    },
  });
  assert.match(await sh("git clone -q https://site.example/x.git copy && git -C copy log --format=%s"), /first/);
  assert.match(await sh("git clone -q https://site.example/y.git other"), /403/);
  assert.ok(way.told.some(({ request }) => request === "GET /x.git/info/refs"));
});

test("R-NET-3: a command sees a handle, the server the value, and what comes back holds the handle again", {
  skip: lacking("/usr/bin/curl"),
}, async (t) => {
  const secret = "value-of-the-vault-4711";
  const credential: Credential = {
    name: "site",
    secret,
    hosts: ["site.example"],
    ports: [443],
    methods: ["GET"],
    places: ["header"],
    headers: ["authorization"],
  };
  const heard: (string | undefined)[] = [];
  const { way, sh } = await online(t, [limit("site.example", 443)], {
    credentials: [credential],
    listener: (req, res) => {
      heard.push(req.headers.authorization);
      res.end(`you are ${req.headers.authorization}\n`);
    },
  });
  const env = { TOKEN: way.handles["site"] ?? "" };
  const script =
    'env; curl -sS -m 10 -H "Authorization: Bearer $TOKEN" https://site.example/; tr "\\0" "\\n" </proc/self/environ';
  const out = await sh(script, env);
  assert.deepEqual(heard, [`Bearer ${secret}`]);
  assert.match(out, new RegExp(`you are Bearer ${env.TOKEN}`));
  assert.doesNotMatch(out, new RegExp(secret));
});

test("R-NET-1: names are resolved by the proxy alone: inside, nothing answers, whoever asks", {
  skip: lacking("/usr/bin/curl"),
}, async (t) => {
  const { sh } = await online(t, [limit("site.example", 443)]);
  assert.equal(await sh("getent hosts site.example; getent ahosts example.org; echo $?"), "2\n");
  assert.match(await sh("curl -sS -m 5 --noproxy '*' https://site.example/"), /could not resolve/i);
  const udp = "import socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('9.9.9.9', 53))";
  if (existsSync("/usr/bin/python3")) assert.match(await sh(`/usr/bin/python3 -c "${udp}"`), /unreachable/i);
  assert.match(await sh("curl -sS -m 10 https://site.example/"), /<GET \/>/, "the honest twin");
});

test("R-BOX-3: a sandbox that waited for its job sees the socket of its own call, and of no other", {
  skip: lacking("/usr/bin/curl"),
}, async (t) => {
  const one = await online(t, [limit("site.example", 443)], { listener: (_, res) => res.end("one") });
  const two = await online(t, [limit("site.example", 443)], { listener: (_, res) => res.end("two") });
  const script = "curl -ksS -m 10 https://site.example/; ls /run/vambrace/egress; touch /run/vambrace/egress/x";
  for (let round = 0; round < 3; round++) {
    for (const [way, word] of [
      [one, "one"],
      [two, "two"],
    ] as const) {
      assert.match(await way.sh(script), new RegExp(`^${word}proxy\\.sock\ntouch: .*Read-only file system`));
    }
  }
  const hatches = (): number => readdirSync(kit.config.folder).filter((name) => name.startsWith("hatch-")).length;
  assert.ok(hatches() > 0, "one waits for the next call");
  await kit.executor.stopAll();
  assert.equal(hatches(), 0);
});

test("R-BOX-3: certificates are taken from beside the socket alone, and a socket is nothing but a socket", {
  skip: missing(),
}, async (t) => {
  const { way } = await online(t, [limit("site.example", 443)]);
  for (const egressCa of ["/etc/shadow", `${kit.state}/secret`, `${way.socket}/../../secret`, way.socket]) {
    const { end } = await kit.run({ egressSocket: way.socket, egressCa });
    assert.equal(end.how === "refused" && end.code, "SANDBOX_MOUNT", egressCa);
  }
  for (const egressSocket of [`${kit.state}/secret`, "/nowhere/x.sock"]) {
    assert.equal((await kit.run({ egressSocket })).end.how, "refused", egressSocket);
  }
});
