/** Checks of what can leave: hosts, credentials, sensitive data. @module */
import type { Mend } from "../../../core/finding.ts";
import { isAddress } from "../../../core/address.ts";
import { isArray, isObject, type JsonValue } from "../../../core/json.ts";
import type { EgressRule } from "../../../core/posture.ts";
import { above, type Check, type Family, isOneOf, setting, shown } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import { pathText, written } from "../written.ts";
import { sensitive } from "./dlp.ts";

type RuleCheck = Omit<Check, "look"> & {
  readonly bad: (rule: EgressRule, all: readonly EgressRule[]) => string | null;
};

function rules({ bad, ...words }: RuleCheck): Check {
  return {
    ...words,
    look: (at) =>
      need(at.effective).egress.flatMap((rule, _, all) => {
        const says = bad(rule, all);
        return says === null ? [] : [`${rule.host}${says}`];
      }),
  };
}

/** Where anybody can put something and anybody can fetch it. */
const DROPS =
  /(?:^|\.)(?:pastebin\.com|paste\.ee|hastebin\.com|dpaste\.(?:com|org)|ix\.io|0x0\.st|transfer\.sh|file\.io|webhook\.site|requestbin\.(?:com|net)|pipedream\.net|beeceptor\.com|hookbin\.com|ngrok\.(?:io|app)|ngrok-free\.app|trycloudflare\.com|loca\.lt|serveo\.net|oast\.(?:fun|me|pro|site|online)|interact\.sh|burpcollaborator\.net|canarytokens\.(?:com|org)|hooks\.slack\.com|discord(?:app)?\.com|api\.telegram\.org|gist\.github\.com|gofile\.io|catbox\.moe|anonfiles\.com|wetransfer\.com|forms\.gle|docs\.google\.com)$/;
const WRITES = ["POST", "PUT", "PATCH", "DELETE"];
const MANY = 50;

const writesOf = ({ methods }: EgressRule): readonly string[] => methods.filter((one) => WRITES.includes(one));

/** Also where one is written that means all. */
const isAnyPath = ({ paths }: EgressRule): boolean => paths?.some((one) => /^\/?\*+$/.test(one)) ?? true;

const hosts: readonly Check[] = [
  rules({
    id: "egress.drops",
    severity: "high",
    title: "a host is listed where anybody can leave and fetch data",
    why: "It is allowed for one thing and serves every thief as well: what goes there goes to whoever knows the address.",
    fix: "take it out, or list the one path that is yours",
    references: ["LLM02", "ASI02", "AML.T0025", "CWE-200"],
    bad: (rule) => (DROPS.test(rule.host.replace(/^\*\./, "")) && isAnyPath(rule) ? "" : null),
  }),
  rules({
    id: "egress.writes",
    severity: "medium",
    title: "data can be sent to a host, to any path of it",
    why: "A host that takes POST takes whatever a fooled model puts into it.",
    fix: "name the `paths` that are needed, or leave `methods` out",
    references: ["LLM02", "ASI02", "AML.T0025", "CWE-200"],
    bad: (rule) => (writesOf(rule).length > 0 && isAnyPath(rule) ? `: ${writesOf(rule).join(", ")}` : null),
  }),
  rules({
    id: "egress.wildcard",
    severity: "medium",
    title: "every subdomain of a host can be reached",
    why: "On shared hosts others own some of them; a free name is one more.",
    fix: "name the hosts that are needed",
    references: ["LLM02", "AML.T0025", "CWE-183"],
    bad: ({ host }) => (host.startsWith("*.") ? "" : null),
  }),
  rules({
    id: "egress.address",
    severity: "low",
    title: "a bare address is listed",
    why: "Its certificate proves no name, and the address may be somebody else's tomorrow.",
    fix: "list the name",
    references: ["CWE-297"],
    bad: ({ host }) => (isAddress(host) ? "" : null),
  }),
  rules({
    id: "egress.twice",
    severity: "low",
    title: "a host is listed more than once",
    why: "The laxer entry counts; the stricter one only looks as if.",
    fix: "keep one entry",
    references: ["CWE-1059"],
    bad: (rule, all) =>
      all.find(({ host }) => host === rule.host) === rule || rule.programs !== undefined || rule.paths !== undefined
        ? null
        : "",
  }),
  {
    id: "egress.many",
    severity: "low",
    title: `more than ${MANY} hosts are listed`,
    why: "Each is a way out that somebody has to keep in mind.",
    fix: "take out what nobody needs",
    references: ["LLM02", "CWE-1059"],
    look(at) {
      const { length } = need(at.effective).egress;
      return length > MANY ? [`${length} entries`] : [];
    },
  },
];

/** Entries of `egress.allow` that are maps, with their place. */
function entries(at: Installation) {
  return written(need(need(at.config).tree), ["egress.allow[]"]);
}

const passes = (value: JsonValue): boolean => isObject(value) && value["tls"] === "passthrough";
const plain = (value: JsonValue): boolean => isObject(value) && isArray(value["ports"]) && value["ports"].includes(80);
const hostIn = (value: JsonValue): string => (isObject(value) ? shown(value["host"] ?? "") : shown(value));

const tls: readonly Check[] = [
  {
    id: "egress.passthrough",
    severity: "medium",
    title: "the TLS to a host is not looked into",
    why: "Methods and paths are not seen, nor another name inside: a server behind the same address may be asked.",
    fix: "take `tls: passthrough` out where the program trusts the sandbox's authority",
    references: ["LLM02", "AML.T0025", "CWE-923"],
    look: (at) =>
      entries(at)
        .filter(({ value }) => passes(value))
        .map(({ value }) => hostIn(value)),
    mend: (at) =>
      entries(at)
        .filter(({ value }) => passes(value))
        .map(({ path }) => ({ op: "unset", path: `${pathText(path)}.tls` })),
  },
  {
    id: "egress.plain-http",
    severity: "medium",
    title: "a host is reached without encryption",
    why: "Everybody on the way reads what is sent and writes what comes back.",
    fix: "take port 80 out",
    references: ["CWE-319"],
    look: (at) =>
      entries(at)
        .filter(({ value }) => plain(value))
        .map(({ value }) => hostIn(value)),
    mend: (at): readonly Mend[] =>
      entries(at).flatMap(({ path, value }): readonly Mend[] => {
        if (!isObject(value) || !isArray(value["ports"]) || !plain(value)) return [];
        const key = `${pathText(path)}.ports`;
        return value["ports"].length === 1 ? [{ op: "unset", path: key }] : [{ op: "drop", path: key, values: [80] }];
      }),
  },
  setting({
    id: "egress.upload.large",
    severity: "low",
    title: "one command may send more than 1 GiB",
    why: "That is a whole workspace in one call.",
    fix: "take the key out: 64 MiB",
    references: ["LLM02", "AML.T0025", "CWE-770"],
    keys: ["egress.perCall.uploadKilobytes", "egress.allow[].uploadKilobytes"],
    bad: above(1_048_576, "KiB"),
  }),
  setting({
    id: "egress.download.large",
    severity: "low",
    title: "one command may fetch more than 16 GiB",
    why: "A full disk stops the ledger, and with it the gateway.",
    fix: "take the key out: 2 GiB",
    references: ["LLM10", "CWE-770"],
    keys: ["egress.perCall.downloadKilobytes", "egress.allow[].downloadKilobytes"],
    bad: above(16_777_216, "KiB"),
  }),
  setting({
    id: "egress.everything",
    severity: "critical",
    title: "the configuration asks for every host to be reachable",
    why: "Then everything that is read can leave. A gateway does not start with it.",
    fix: "list the hosts that are needed",
    references: ["LLM02", "ASI02", "AML.T0025", "CWE-923"],
    keys: ["egress.allow[]", "network.allow[]", "egress.mode", "network.mode", "network.enabled"],
    bad: (value) => {
      const host = isObject(value) ? value["host"] : value;
      return host === "*" || host === "0.0.0.0/0" || isOneOf("open", "all", "full", true)(value) !== null
        ? shown(host ?? "")
        : null;
    },
  }),
];

type Credential = ReturnType<typeof credentialsOf>[number][1];

function credentialsOf(at: Installation) {
  return Object.entries(need(at.effective).settings.egress.credentials);
}

function credential({
  bad,
  ...words
}: Omit<Check, "look"> & { readonly bad: (one: Credential, at: Installation) => string | null }): Check {
  return {
    ...words,
    look: (at) =>
      credentialsOf(at).flatMap(([name, one]) => {
        const says = bad(one, at);
        return says === null ? [] : [`egress.credentials.${name}${says}`];
      }),
  };
}

const credentials: readonly Check[] = [
  credential({
    id: "egress.credential.wildcard",
    severity: "high",
    title: "every subdomain of a host is given the value of a credential",
    why: "Whoever gets one subdomain gets the credential.",
    fix: "name the hosts",
    references: ["ASI03", "AML.T0055", "CWE-522"],
    bad: ({ hosts: names }) =>
      names.some((host) => host.startsWith("*."))
        ? `: ${names.filter((host) => host.startsWith("*.")).join(", ")}`
        : null,
  }),
  credential({
    id: "egress.credential.plain",
    severity: "critical",
    title: "a credential may go over port 80",
    why: "Everybody on the way reads it.",
    fix: "take port 80 out of its `ports`",
    references: ["AML.T0055", "CWE-319", "CWE-523"],
    bad: ({ ports }) => (ports.includes(80) ? "" : null),
  }),
  credential({
    id: "egress.credential.places",
    severity: "medium",
    title: "a credential may stand in an address or a body",
    why: "Addresses are logged by servers and proxies; a body may be echoed, kept and shown.",
    fix: "leave `places` at `[header]`",
    references: ["AML.T0055", "CWE-598"],
    bad: ({ places }) => (places.some((one) => one !== "header") ? `: ${places.join(", ")}` : null),
  }),
  credential({
    id: "egress.credential.any-request",
    severity: "low",
    title: "a credential may be used for every request to its host",
    why: "A key for reading issues is then one for deleting the repository, as far as the host lets it.",
    fix: "name its `methods` or `paths`",
    references: ["ASI03", "CWE-272"],
    bad: ({ methods, paths }) => (methods === undefined && paths === undefined ? "" : null),
  }),
  credential({
    id: "egress.credential.unlisted",
    severity: "info",
    title: "a credential is bound to a host that is not listed",
    why: "It is used only after a question each time, which may be what you want.",
    fix: "list the host in `egress.allow`, or leave it",
    references: ["CWE-1188"],
    bad: ({ hosts: names }, at) => {
      const listed = need(at.effective).egress;
      const missing = names.filter(
        (host) =>
          !listed.some(
            (rule) => rule.host === host || (rule.host.startsWith("*.") && host.endsWith(rule.host.slice(1))),
          ),
      );
      return missing.length > 0 ? `: ${missing.join(", ")}` : null;
    },
  }),
];

export const egress: Family = {
  name: "egress",
  says: "what can leave: hosts, credentials, sensitive data",
  checks: [...hosts, ...tls, ...credentials, ...sensitive],
};
