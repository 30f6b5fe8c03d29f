/** The gateway's environment as a source of secrets; whoever starts the gateway filled it. @module */
import type { SecretSource } from "../../core/ports/secrets.ts";

export function environmentSource(variable: (name: string) => string | undefined): SecretSource {
  return {
    read: async (refs) =>
      new Map(
        refs.flatMap((ref) => {
          const value = ref.source === "env" ? variable(ref.name) : undefined;
          return value === undefined ? [] : [[ref.id, { value, setMs: null }] as const];
        }),
      ),
  };
}
