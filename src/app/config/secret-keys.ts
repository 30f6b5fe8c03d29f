/** Which keys of the configuration hold a secret, by their name. @module */

/** Names of keys that hold secrets, without case, `-` and `_`. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  "apikey",
  "key",
  "token",
  "authtoken",
  "accesstoken",
  "refreshtoken",
  "bottoken",
  "apptoken",
  "password",
  "passwd",
  "passphrase",
  "secret",
  "clientsecret",
  "secretid",
  "signingsecret",
  "webhook",
  "webhooksecret",
  "privatekey",
  "credential",
  "credentials",
]);

export function isSecretKey(name: string): boolean {
  return SECRET_KEYS.has(name.toLowerCase().replaceAll(/[-_]/g, ""));
}
