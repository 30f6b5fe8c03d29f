/** Rules for auditd: who else touches what the gateway keeps. @module */
import type { HostFactsForRules } from "./host.ts";

export function auditRules({ stateFolder, installation, userHome }: HostFactsForRules): string {
  return `# Vambrace: who writes to the state folder, the program and the keys, besides the gateway.
# Search: ausearch -k vambrace-state
-w ${stateFolder}/config.yaml -p wa -k vambrace-config
-w ${stateFolder}/policies -p wa -k vambrace-config
-w ${stateFolder}/cli-token -p rwa -k vambrace-token
-w ${stateFolder}/ledger -p a -k vambrace-ledger
-w ${installation} -p wa -k vambrace-program
-w ${userHome}/.ssh -p wa -k vambrace-keys
# Somebody who looks into the memory of another process.
-a always,exit -F arch=b64 -S ptrace -F a0=0x10 -k vambrace-memory
-a always,exit -F arch=b64 -S process_vm_readv,process_vm_writev -k vambrace-memory
`;
}
