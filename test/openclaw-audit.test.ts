import assert from "node:assert/strict";
import {
  lutimesSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readOpenClaw } from "../src/edges/openclaw/read.ts";
import { auditOpenClaw } from "../src/ops/openclaw/catalogue.ts";
import { makeOpenClawHome, noOpenClaw, type OpenClawPlace } from "./openclaw-kit.ts";

/** The baseline that OpenClaw publishes for hardening. */
const HARDENED = {
  session: { dmScope: "per-channel-peer" },
  tools: {
    profile: "messaging",
    deny: ["group:automation", "group:runtime", "group:fs", "sessions_spawn", "sessions_send"],
    fs: { workspaceOnly: true },
    exec: { security: "deny", ask: "always" },
    elevated: { enabled: false },
    sessions: { visibility: "agent" },
    agentToAgent: { enabled: false },
  },
};

const CHANGED = "vambrace.plugins.changed_after_install";

const ours = (place: OpenClawPlace): ReadonlyMap<string, string> =>
  new Map(auditOpenClaw(readOpenClaw(place.folder), []).map((one) => [one.id, one.severity]));

function theirs(place: OpenClawPlace): readonly string[] {
  const report: unknown = JSON.parse(place.run("security", "audit", "--json"));
  const { findings } = report as { findings: readonly { checkId: string }[] };
  return findings.map((one) => one.checkId);
}

describe("homes that OpenClaw made itself", { skip: noOpenClaw }, () => {
  let place: OpenClawPlace;
  before(() => {
    place = makeOpenClawHome("sk-ant-api03-canary-0123456789");
  });
  after(() => place.remove());

  test("R-AUDIT-4: a fresh home: commands run on the host unasked, and its own audit is silent about it", () => {
    const found = ours(place);
    for (const id of ["vambrace.exec.effective_full", "vambrace.sandbox.off"])
      assert.equal(found.get(id), "critical", id);
    for (const id of [
      "vambrace.tools.fetch_anywhere",
      "vambrace.gateway.terminal_on",
      "security.trust_model.cross_agent_session_access_default",
      "vambrace.backup.none",
      "vambrace.rest.unencrypted",
      "vambrace.records.no_proof",
      "vambrace.records.messages_off",
    ])
      assert.ok(found.has(id), id);
    assert.ok(!found.has("vambrace.unread"));
    assert.deepEqual(
      theirs(place).filter((id) => /exec|sandbox|fetch|terminal|backup|audit_log/.test(id)),
      [],
    );
  });

  test("R-AUDIT-4: open to everybody with nothing written about commands: found as what it is, and missed by its own audit", () => {
    place.patch({ channels: { telegram: { dmPolicy: "open", allowFrom: ["*"], groupPolicy: "open" } } });
    const found = ours(place);
    for (const id of [
      "channels.telegram.dm.open",
      "security.exposure.open_channels_with_exec",
      "vambrace.exposure.open_channels_unasked",
    ])
      assert.equal(found.get(id), "critical", id);
    const missed = theirs(place);
    assert.ok(!missed.includes("channels.telegram.dm.open"));
    assert.ok(!missed.includes("security.exposure.open_channels_with_exec"));
  });

  test("R-AUDIT-4: a browser elsewhere that is driven in clear, and the relay's old login", () => {
    place.patch({
      channels: { telegram: null },
      browser: {
        profiles: { far: { cdpUrl: "http://10.0.0.7:9222" } },
        extensionRelay: { allowLegacyAuth: true },
      },
    });
    const found = ours(place);
    for (const id of [
      "browser.remote_cdp_http",
      "browser.remote_cdp_private_host",
      "browser.extension_relay_legacy_auth",
    ])
      assert.ok(found.has(id), id);
    assert.deepEqual(
      theirs(place).filter((id) => id.startsWith("browser.")),
      [],
    );
  });

  test("R-AUDIT-4: a skill that was changed after its record of origin, and one without any", () => {
    const skills = join(place.folder, ".openclaw", "workspace", "skills");
    mkdirSync(join(skills, "kept", ".clawhub"), { recursive: true });
    writeFileSync(join(skills, "kept", "SKILL.md"), "---\nname: kept\ndescription: x\n---\n");
    writeFileSync(join(skills, "kept", ".clawhub", "origin.json"), '{"slug":"kept","version":"1.0.0"}');
    assert.ok(!ours(place).has("vambrace.skills.changed_after_install"));
    const later = new Date(Date.now() + 3_600_000);
    utimesSync(join(skills, "kept", "SKILL.md"), later, later);
    mkdirSync(join(skills, "found"));
    writeFileSync(join(skills, "found", "SKILL.md"), "---\nname: found\ndescription: x\n---\n");
    const found = ours(place);
    assert.ok(found.has("vambrace.skills.changed_after_install"));
    assert.ok(found.has("vambrace.skills.unknown_origin"));
  });

  test("R-AUDIT-4: a plugin of which a file was changed after it was installed, or became a link; its manifest also where the time was set back", () => {
    const source = join(place.folder, "plug");
    mkdirSync(source);
    const files = {
      "package.json": { name: "plug", version: "1.0.0", type: "module", openclaw: { extensions: ["./index.mjs"] } },
      "openclaw.plugin.json": { id: "plug", name: "Plug", version: "1.0.0", configSchema: { type: "object" } },
    };
    for (const [name, value] of Object.entries(files)) writeFileSync(join(source, name), JSON.stringify(value));
    writeFileSync(join(source, "index.mjs"), "export default { id: 'plug', register() {} };\n");
    place.run("plugins", "install", source, "--force", "--accept-capabilities");
    assert.ok(!ours(place).has(CHANGED), "as it was installed");
    const before = theirs(place);
    const installed = join(place.folder, ".openclaw", "extensions", "plug");
    const entry = join(installed, "index.mjs");
    const { mtime } = statSync(entry);
    writeFileSync(entry, "import 'node:child_process';\n");
    const later = new Date(Date.now() + 3_600_000);
    utimesSync(entry, later, later);
    assert.ok(ours(place).has(CHANGED));
    assert.deepEqual(theirs(place), before, "its own audit says nothing of it");
    utimesSync(entry, mtime, mtime);
    assert.ok(!ours(place).has(CHANGED), "of this file nothing but the time is recorded");
    const text = readFileSync(entry);
    const elsewhere = join(place.folder, "elsewhere.mjs");
    writeFileSync(elsewhere, "import 'node:child_process';\n");
    rmSync(entry);
    symlinkSync(elsewhere, entry);
    lutimesSync(entry, mtime, mtime);
    assert.ok(ours(place).has(CHANGED), "a link that leads out");
    rmSync(entry);
    writeFileSync(entry, text);
    utimesSync(entry, mtime, mtime);
    const manifest = join(installed, "openclaw.plugin.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace("Plug", "Plus"));
    utimesSync(manifest, mtime, mtime);
    assert.ok(ours(place).has(CHANGED));
  });

  test("R-AUDIT-4: a home hardened by its own baseline has no critical finding left", () => {
    place.patch({ ...HARDENED, browser: null });
    const found = ours(place);
    assert.deepEqual(
      [...found].filter(([, severity]) => severity === "critical"),
      [],
    );
    for (const id of ["vambrace.exec.effective_full", "vambrace.tools.files_anywhere", "vambrace.tools.profile_full"])
      assert.ok(!found.has(id), id);
  });
});
