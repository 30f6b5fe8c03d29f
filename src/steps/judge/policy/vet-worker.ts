/** The thread in which `vet-apart.ts` vets. @module */
import { parentPort } from "node:worker_threads";
import { toFault } from "../../../core/fault.ts";
import { loadCedar } from "./cedar.ts";
import { vetHere, type Vetted, type VetWork } from "./vet.ts";

export type VetRequest = { readonly id: number; readonly work: VetWork };
export type VetAnswer = {
  readonly id: number;
  readonly answer:
    | { readonly kind: "vetted"; readonly vetted: Vetted }
    | { readonly kind: "refused"; readonly message: string; readonly hint: string };
};

parentPort?.on("message", (request: VetRequest) => {
  void vetHere(request.work).then(
    (vetted) => tell({ id: request.id, answer: { kind: "vetted", vetted } }),
    (thrown: unknown) => {
      const { message, hint } = toFault(thrown);
      tell({ id: request.id, answer: { kind: "refused", message, hint } });
    },
  );
});

function tell(answer: VetAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer);
}

// While nothing is asked yet. A failure is told to whoever asks.
await loadCedar().catch(() => undefined);
