/**
 * Which of the machine's rules that `harden --host` writes are in place, and
 * whether they are still what it would write: a port, a user or a folder that
 * changed since leaves a rule that guards nothing.
 *
 * Files only: what the kernel has loaded root alone may ask for, and the
 * `check.sh` beside the rules does.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { PlacedRules } from "../../ops/audit/facts-host.ts";
import { FIREWALL_TABLE, PROXY_PLACE } from "../../ops/harden/host/firewall.ts";
import type { HostFile } from "../../ops/harden/host/host.ts";
import { readPlainText } from "../plain-file.ts";

type Read = { readonly path: string; readonly text: string } | "absent" | "unseen";

/** @param root `/`; a test has a folder of its own. */
export function gatherRules(files: readonly HostFile[], root = "/"): readonly PlacedRules[] {
  const wanted = (name: string): string => files.find((one) => one.name === name)?.text ?? "";
  const at = (path: string): string => join(root, path);
  return [
    placed("firewall", wanted("nftables-vambrace.nft"), firewall(at)),
    placed("fail2ban", wanted("fail2ban/jail.d/vambrace.local"), read(at("etc/fail2ban/jail.d/vambrace.local"))),
    placed("fail2ban", wanted("fail2ban/filter.d/vambrace.conf"), read(at("etc/fail2ban/filter.d/vambrace.conf"))),
    placed("auditd", wanted("audit/rules.d/vambrace.rules"), read(at("etc/audit/rules.d/vambrace.rules"))),
    placed("service", wanted("systemd/vambrace.service"), read(at("etc/systemd/system/vambrace.service"))),
  ];
}

function placed(kind: PlacedRules["kind"], wanted: string, found: Read): PlacedRules {
  if (found === "absent" || found === "unseen") return { kind, state: found, path: null, lacks: [] };
  const there = new Set(linesOf(found.text));
  const lacks = linesOf(wanted).filter((line) => !there.has(line) && !line.includes(PROXY_PLACE));
  return { kind, state: "there", path: found.path, lacks: lacks.slice(0, 5) };
}

/** What counts: neither comments nor how it is indented. */
function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** In `nftables.conf`, or where that includes from. ufw keeps its own where root alone reads. */
function firewall(at: (path: string) => string): Read {
  const main = read(at("etc/nftables.conf"));
  const named = typeof main === "string" ? [] : [...main.text.matchAll(/^\s*include\s+"([^"*?]+)"/gm)];
  const all = [
    main,
    ...named.map(([, path = ""]) => read(at(path))),
    ...["etc/nftables.d", "etc/nftables"].flatMap((folder) => readAll(at(folder))),
  ];
  const found = all.find((one) => typeof one !== "string" && one.text.includes(`${FIREWALL_TABLE} {`));
  if (found !== undefined) return found;
  const ufw = read(at("etc/ufw/ufw.conf"));
  const hasUfw = typeof ufw !== "string" && /^ENABLED=yes/m.test(ufw.text);
  return hasUfw || all.includes("unseen") ? "unseen" : "absent";
}

function readAll(folder: string): readonly Read[] {
  try {
    return readdirSync(folder).map((name) => read(join(folder, name)));
  } catch (error) {
    return [isAbsent(error) ? "absent" : "unseen"];
  }
}

function read(path: string): Read {
  try {
    return { path, text: readPlainText(path) };
  } catch (error) {
    return isAbsent(error) ? "absent" : "unseen";
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
