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
  setup: async (): Promise<Command> => (await import("./setup.ts")).setupCommand,
  doctor: async (): Promise<Command> => (await import("./doctor.ts")).doctorCommand,
  "check command": async (): Promise<Command> => (await import("./check.ts")).checkCommand,
  "check path": async (): Promise<Command> => (await import("./check.ts")).checkPath,
  "check url": async (): Promise<Command> => (await import("./check.ts")).checkUrl,
  "check call": async (): Promise<Command> => (await import("./check.ts")).checkCallCommand,
  replay: async (): Promise<Command> => (await import("./replay.ts")).replayCommand,
  "who matrix": async (): Promise<Command> => (await import("./who.ts")).whoMatrixCommand,
  "security prove": async (): Promise<Command> => (await import("./prove.ts")).securityProve,
  "config get": async (): Promise<Command> => (await import("./config.ts")).configGet,
  "config set": async (): Promise<Command> => (await import("./config-edit.ts")).configSet,
  "config unset": async (): Promise<Command> => (await import("./config-edit.ts")).configUnset,
  "config patch": async (): Promise<Command> => (await import("./config-edit.ts")).configPatch,
  "config validate": async (): Promise<Command> => (await import("./config.ts")).configValidate,
  "config schema": async (): Promise<Command> => (await import("./config.ts")).configSchemaCommand,
  "config history": async (): Promise<Command> => (await import("./config.ts")).configHistoryCommand,
  "config rollback": async (): Promise<Command> => (await import("./config-edit.ts")).configRollback,
  "scan text": async (): Promise<Command> => (await import("./scan-text.ts")).scanTextCommand,
};
