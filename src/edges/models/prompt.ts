/** Our request in the form that the provider packages take; the shapes are ours, structurally theirs. @module */
import type { JsonObject } from "../../core/json.ts";
import type { ModelCall, ModelMessage, ModelRequest } from "../../core/ports/model.ts";

type TextPart = { type: "text"; text: string };
type CallPart = { type: "tool-call"; toolCallId: string; toolName: string; input: JsonObject };
type ResultPart = {
  type: "tool-result";
  toolCallId: string;
  toolName: string;
  output: { type: "text" | "error-text"; value: string };
};
type Message =
  | { role: "system"; content: string }
  | { role: "user"; content: TextPart[] }
  | { role: "assistant"; content: (TextPart | CallPart)[] }
  | { role: "tool"; content: ResultPart[] };

export type CallOptions = {
  prompt: Message[];
  maxOutputTokens: number;
  abortSignal: AbortSignal;
  tools?: { type: "function"; name: string; description: string; inputSchema: JsonObject }[];
  toolChoice?: { type: "auto" };
  providerOptions: { openai: { store: boolean } };
};

export function toOptions(request: ModelRequest, maxOutputTokens: number, abortSignal: AbortSignal): CallOptions {
  const tools = request.tools.map((tool) => ({
    type: "function" as const,
    name: tool.name,
    description: tool.description,
    inputSchema: tool.parameters,
  }));
  return {
    prompt: toPrompt(request.messages),
    maxOutputTokens,
    abortSignal,
    ...(tools.length > 0 ? { tools, toolChoice: { type: "auto" } } : {}),
    // Nothing is left with the provider that the ledger does not know of.
    providerOptions: { openai: { store: false } },
  };
}

function toPrompt(messages: readonly ModelMessage[]): Message[] {
  const system = messages.flatMap((message) => (message.role === "system" ? [message.text] : []));
  const prompt: Message[] = system.length > 0 ? [{ role: "system", content: system.join("\n\n") }] : [];
  const rest = messages.filter((message) => message.role !== "system");
  // Some providers refuse a conversation that does not begin with the person.
  if (rest[0]?.role !== "user") prompt.push(userOf("(the beginning of this conversation is left out)"));
  for (const message of rest) addMessage(prompt, message);
  return prompt;
}

function addMessage(prompt: Message[], message: ModelMessage): void {
  if (message.role === "user") prompt.push(userOf(message.text));
  if (message.role === "assistant") {
    const text: TextPart[] = message.text === "" ? [] : [{ type: "text", text: message.text }];
    const content = [...text, ...message.calls.map(callPart)];
    if (content.length > 0) prompt.push({ role: "assistant", content });
  }
  if (message.role === "tool") addResult(prompt, message);
}

/** Results of one answer go together: providers want them in one message. */
function addResult(prompt: Message[], message: ModelMessage & { role: "tool" }): void {
  const part: ResultPart = {
    type: "tool-result",
    toolCallId: message.callId,
    toolName: message.tool,
    output: {
      type: message.ok === false ? "error-text" : "text",
      value: message.text === "" ? "(nothing)" : message.text,
    },
  };
  const last = prompt.at(-1);
  if (last?.role === "tool") last.content.push(part);
  else prompt.push({ role: "tool", content: [part] });
}

function userOf(text: string): Message {
  return { role: "user", content: [{ type: "text", text: text === "" ? "(empty message)" : text }] };
}

function callPart(call: ModelCall): CallPart {
  return { type: "tool-call", toolCallId: call.id, toolName: call.tool, input: call.arguments };
}
