/** Things that happen later, or elsewhere: schedules, other sessions, messages. @module */
import { z } from "zod";
import { defineTool } from "./define.ts";

const own = { trust: "none", confidentiality: "private" } as const;

export const schedule = defineTool({
  name: "schedule",
  effect: "schedule",
  description:
    "Begin a turn later with this text: `when` is an ISO 8601 time, `in 20 minutes`, or a cron expression of five fields.",
  groups: ["group:automation"],
  arguments: { when: z.string().min(1).max(200), text: z.string().min(1).max(8000) },
  roles: { when: "plain", text: "content" },
  returns: own,
});

export const spawn = defineTool({
  name: "spawn",
  effect: "spawn",
  description:
    "Give a task to a new session of its own, of this agent or another. It never may do more than this session.",
  groups: ["group:sessions"],
  arguments: { task: z.string().min(1).max(8000), agent: z.string().min(1).max(128).optional() },
  roles: { task: "content", agent: "target" },
  returns: own,
});

export const message = defineTool({
  name: "message",
  effect: "send",
  description: "Write to another session; it arrives there as text from this one.",
  groups: ["group:sessions"],
  arguments: { session: z.string().min(1).max(128), text: z.string().min(1).max(8000) },
  roles: { session: "recipient", text: "content" },
  returns: own,
});

export const send = defineTool({
  name: "send",
  effect: "send",
  description: "Send a message to a person by id, on the channel where that person is reached.",
  groups: ["group:messaging"],
  arguments: { recipient: z.string().min(1).max(320), text: z.string().min(1).max(8000) },
  roles: { recipient: "recipient", text: "content" },
  returns: own,
});
