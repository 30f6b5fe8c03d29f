/** The command tool. @module */
import { z } from "zod";
import { defineTool } from "./define.ts";

export const exec = defineTool({
  name: "exec",
  effect: "exec",
  description:
    "Run a bash command in a sandbox: the workspace is writable, nothing else of the person's is visible, and there is no network unless it was granted.",
  groups: ["group:runtime"],
  arguments: {
    command: z.string().min(1).max(32_768),
    cwd: z.string().min(1).max(4096).optional().describe("folder to start in; the workspace where none is named"),
    timeout_s: z.int().min(1).max(3600).optional(),
  },
  roles: { command: "command", cwd: "path", timeout_s: "plain" },
  returns: { trust: "none", confidentiality: "private" },
});
