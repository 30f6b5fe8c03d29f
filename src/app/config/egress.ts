/**
 * The egress part of the configuration, as the values that judge and proxy go by.
 *
 * @module
 */
import { COMMAND_ENVIRONMENT } from "../../core/command-environment.ts";
import { type Credential, SHORTEST_SECRET } from "../../core/credential.ts";
import { listsHost } from "../../core/destination.ts";
import { Fault } from "../../core/fault.ts";
import type { SecretLookup } from "../../core/ports/secrets.ts";
import type { EgressRule } from "../../core/posture.ts";
import { CONFIG_NAME, type Path } from "./document.ts";
import type { Config } from "./schema.ts";

const KILOBYTE = 1024;
const ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export function egressRules({ egress }: Config): readonly EgressRule[] {
  return egress.allow.map((each) => {
    if (typeof each === "string") return { host: each, ports: [443], methods: ["GET", "HEAD"] };
    const { host, ports, methods, paths, programs, tls, uploadKilobytes, downloadKilobytes } = each;
    return {
      host,
      ports,
      methods,
      ...(paths === undefined ? {} : { paths }),
      ...(programs === undefined ? {} : { programs }),
      ...(tls === "passthrough" ? { tls } : {}),
      ...(uploadKilobytes === undefined ? {} : { upBytes: uploadKilobytes * KILOBYTE }),
      ...(downloadKilobytes === undefined ? {} : { downBytes: downloadKilobytes * KILOBYTE }),
    };
  });
}

export function egressBytes({ egress: { perCall } }: Config): { readonly up: number; readonly down: number } {
  return { up: perCall.uploadKilobytes * KILOBYTE, down: perCall.downloadKilobytes * KILOBYTE };
}

export type ConfiguredCredential = { readonly credential: Credential; readonly variable: string };

/**
 * With their values, which stay in the process that asks for them, and are handed to the egress proxy. One that was
 * revoked, or is used up, is left out: no call gets it.
 *
 * @throws Fault CONFIG_VARIABLE_MISSING, SECRET_UNKNOWN; CONFIG_UNSAFE for a value that cannot be put into a request and
 *   found again.
 */
export function credentialsOf({ egress }: Config, secrets: SecretLookup): readonly ConfiguredCredential[] {
  return Object.entries(egress.credentials).flatMap(([name, { secret, variable, methods, paths, inject, ...rest }]) => {
    const value = usableValue(secrets, secret, `egress.credentials.${name}.secret`);
    if (value === undefined) return [];
    if (value.length < SHORTEST_SECRET || !/^[\x21-\x7e]+$/.test(value)) throw unusable(name, secret);
    const header = inject?.slice(0, inject.indexOf(":")).toLowerCase();
    const credential = {
      ...rest,
      name,
      secret: value,
      methods: methods ?? ALL_METHODS,
      headers: header === undefined ? rest.headers : [...new Set([...rest.headers, header])],
      ...(paths === undefined ? {} : { paths }),
      ...(inject === undefined ? {} : { inject }),
    };
    return [{ credential, variable }];
  });
}

function usableValue(secrets: SecretLookup, reference: string, at: string): string | undefined {
  try {
    return secrets.value(reference, at);
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === "SECRET_REVOKED" || thrown.code === "SECRET_LIMIT"))
      return undefined;
    throw thrown;
  }
}

function unusable(name: string, reference: string): Fault {
  return new Fault("CONFIG_UNSAFE", {
    message: `${CONFIG_NAME}, \`egress.credentials.${name}\`: the value of \`${reference.slice(2, -1)}\` cannot be used`,
    hint: `it needs ${SHORTEST_SECRET} characters at least, without spaces and control characters`,
  });
}

type Refusal = { readonly path: Path; readonly says: string; readonly hint: string };

/** What has to fit together. */
export function* checkEgress(config: Config): Generator<Refusal> {
  for (const [i, entry] of config.egress.allow.entries()) {
    if (typeof entry === "string" || entry.tls === "intercept" || entry.paths === undefined) continue;
    const hint = "take `paths` out, or `tls: passthrough`";
    yield { path: ["egress", "allow", i, "paths"], says: "cannot be seen where TLS is passed through", hint };
  }
  const taken = new Map<string, string>();
  const rules = egressRules(config);
  for (const [name, { variable, hosts, ports }] of Object.entries(config.egress.credentials)) {
    const path = ["egress", "credentials", name];
    const other = Object.hasOwn(COMMAND_ENVIRONMENT, variable) ? "commands themselves" : taken.get(variable);
    if (other !== undefined) {
      const hint = "give each credential a variable of its own";
      yield { path: [...path, "variable"], says: `is used by ${other} already`, hint };
    }
    taken.set(variable, `\`egress.credentials.${name}\``);
    const open = hosts.find((host) => rules.some((rule) => rule.tls === "passthrough" && meets(host, ports, rule)));
    if (open !== undefined) {
      const hint = "take `tls: passthrough` out of the entry; a value is put only into what the proxy sees";
      yield { path: [...path, "hosts"], says: `names ${open}, whose TLS is passed through`, hint };
    }
  }
}

/** Whether a credential's host and an entry can speak of one and the same host. */
function meets(host: string, ports: readonly number[], rule: EgressRule): boolean {
  const bare = host.replace(/^\*\./, "");
  const shared = ports.filter((port) => rule.ports.includes(port));
  const own = { host, ports, methods: rule.methods };
  return shared.some(
    (port) => rule.host === host || listsHost(bare, port, rule) || listsHost(rule.host.replace(/^\*\./, ""), port, own),
  );
}
