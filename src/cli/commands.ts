/** Every command by its name; a command's file is read only when it is asked for. @module */
import type { Command } from "./command.ts";

export type CommandName = keyof typeof COMMANDS;

export const COMMANDS = {
  start: async (): Promise<Command> => (await import("./start.ts")).startCommand,
  chat: async (): Promise<Command> => (await import("./chat.ts")).chatCommand,
  ask: async (): Promise<Command> => (await import("./ask.ts")).askCommand,
  approvals: async (): Promise<Command> => (await import("./approvals.ts")).approvalsCommand,
  status: async (): Promise<Command> => (await import("./control.ts")).statusCommand,
  stop: async (): Promise<Command> => (await import("./control.ts")).stopCommand,
  resume: async (): Promise<Command> => (await import("./control.ts")).resumeCommand,
  "log search": async (): Promise<Command> => (await import("./log.ts")).logSearch,
  "log show": async (): Promise<Command> => (await import("./log.ts")).logShow,
  "log verify": async (): Promise<Command> => (await import("./log.ts")).logVerify,
  "token create": async (): Promise<Command> => (await import("./token.ts")).tokenCreate,
  "token list": async (): Promise<Command> => (await import("./token.ts")).tokenList,
  "token revoke": async (): Promise<Command> => (await import("./token.ts")).tokenRevoke,
  demo: async (): Promise<Command> => (await import("./demo.ts")).demoCommand,
  "scan text": async (): Promise<Command> => (await import("./scan-text.ts")).scanTextCommand,
};
