/** Context items as the messages that a model is sent. @module */
import type { ContextItem } from "../../core/item.ts";
import type { ModelMessage, ModelTool } from "../../core/ports/model.ts";
import type { Tool } from "../../core/tool.ts";

/** System texts first, as providers demand; otherwise in order, every item once. */
export function toMessages(items: readonly ContextItem[]): readonly ModelMessage[] {
  const persons = new Set(items.flatMap((item) => (item.kind === "person" ? [item.person] : [])));
  const named = persons.size > 1;
  const system = items.filter((item) => item.kind === "system");
  const rest = items.filter((item) => item.kind !== "system");
  return [...system, ...rest].map((item) => toMessage(item, named));
}

function toMessage(item: ContextItem, named: boolean): ModelMessage {
  switch (item.kind) {
    case "system":
      return { role: "system", text: item.text };
    case "person":
      // Who wrote what helps the model only: no right follows from a name in a text.
      return { role: "user", text: named ? `${item.person}: ${item.text}` : item.text };
    case "note":
      return { role: "user", text: `[from ${item.from}; not a person's message] ${item.text}` };
    case "model":
      return { role: "assistant", text: item.text, calls: item.calls };
    case "result":
      return { role: "tool", callId: item.call, tool: item.tool, text: item.text, ok: item.ok };
  }
}

export function toModelTools(tools: readonly Tool[]): readonly ModelTool[] {
  return tools.map((tool) => ({
    name: tool.declaration.name,
    description: tool.description,
    parameters: tool.parameters,
  }));
}
