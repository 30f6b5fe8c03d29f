/** The tools that ship. @module */
import type { Tool } from "../core/tool.ts";
import { message, schedule, send, spawn } from "./automation.ts";
import {
  browserClick,
  browserClose,
  browserOpen,
  browserRead,
  browserSave,
  browserScreenshot,
  browserType,
} from "./browser.ts";
import { exec } from "./exec.ts";
import { edit, list, read, search, write } from "./files.ts";
import { recall, remember } from "./memory.ts";
import { quarantine, quarantineFile, quarantinePage } from "./quarantine.ts";
import { webFetch, webSearch } from "./web.ts";

/** By name, in the order in which a model is shown them. */
export const CATALOGUE: ReadonlyMap<string, Tool> = new Map(
  [
    [exec, read, write, edit, list, search, webFetch, webSearch],
    [browserOpen, browserRead, browserClick, browserType, browserScreenshot, browserSave, browserClose],
    [send, remember, recall, schedule, spawn, message],
    [quarantine, quarantineFile, quarantinePage],
  ]
    .flat()
    .map((tool) => [tool.declaration.name, tool]),
);
