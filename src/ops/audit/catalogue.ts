/** Every check that there is, family by family. @module */
import type { Family } from "./check.ts";
import { acceptedFamily, RUN_WORDS } from "./checks/accepted.ts";
import { authentication } from "./checks/authentication.ts";
import { channels, config } from "./checks/config.ts";
import { dependencies } from "./checks/dependencies.ts";
import { egress } from "./checks/egress.ts";
import { exec } from "./checks/exec.ts";
import { exposure } from "./checks/exposure.ts";
import { files } from "./checks/files.ts";
import { gateway } from "./checks/gateway.ts";
import { host } from "./checks/host.ts";
import { drift, ledger } from "./checks/ledger.ts";
import { backups, keys } from "./checks/keeping.ts";
import { models } from "./checks/models.ts";
import { whose } from "./checks/people.ts";
import { sandbox } from "./checks/sandbox.ts";
import { secrets } from "./checks/secrets.ts";
import { tools } from "./checks/tools.ts";
import { workspace } from "./checks/workspace.ts";

export const CATALOGUE: readonly Family[] = [
  config,
  gateway,
  exposure,
  authentication,
  channels,
  whose,
  tools,
  exec,
  sandbox,
  files,
  workspace,
  egress,
  models,
  secrets,
  dependencies,
  host,
  ledger,
  keys,
  backups,
  drift,
  acceptedFamily(() => CHECK_IDS),
];

export const CHECK_IDS: ReadonlySet<string> = new Set([
  ...CATALOGUE.flatMap(({ checks }) => checks.map(({ id }) => id)),
  ...Object.values(RUN_WORDS).map(({ id }) => id),
]);
