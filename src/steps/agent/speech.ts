/**
 * What is said in a turn, and the label of it: text that the model wrote
 * carries the label of what it was made from, the loop's own words none.
 *
 * @module
 */
import { joinAll, type Label } from "../../core/label.ts";

export type Speech = {
  /** The text that follows comes from a request whose items join to this label. */
  nextAnswer(label: Label): void;
  say(this: void, delta: string): void;
  /** A sentence of the loop itself. */
  sayOwn(sentence: string): void;
  /** Exactly what was emitted. */
  text(): string;
  label(): Label;
};

export function speechOf(emit: (delta: string) => void): Speech {
  const labels: Label[] = [];
  let text = "";
  let current: Label | undefined;
  let opening = true;
  const put = (delta: string): void => {
    const gap = opening && text !== "" ? (text.endsWith("\n") ? "\n" : "\n\n") : "";
    opening = false;
    text += gap + delta;
    emit(gap + delta);
  };
  return {
    nextAnswer(label) {
      current = label;
      opening = true;
    },
    say(delta) {
      if (current !== undefined) labels.push(current);
      current = undefined;
      put(delta);
    },
    sayOwn(sentence) {
      opening = true;
      put(sentence);
    },
    text: () => text,
    label: () => joinAll(labels),
  };
}
