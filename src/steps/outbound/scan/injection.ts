/**
 * Signs of text that wants to be taken for an order, or that hides something
 * from the person who reads it. One layer: nothing is trusted because nothing
 * was found here, and nothing else is lowered because something was.
 *
 * @module
 */
import type { Rule } from "./rule.ts";

function sign(id: string, hints: readonly string[], pattern: RegExp, confidence: number): Rule {
  return { id, kind: "injection", hints, pattern, confidence };
}

export const INJECTION_RULES: readonly Rule[] = [
  sign("unicode-tags", [], /[\u{E0001}\u{E0020}-\u{E007F}]{2,}/gu, 0.99),
  sign("bidi-override", [], /[\u202A-\u202E\u2066-\u2069]/g, 0.8),
  sign("zero-width-run", [], /[\u200B-\u200D\u2060\uFEFF\u00AD]{2,}/g, 0.8),
  sign(
    "ignore-instructions",
    ["ignore", "disregard", "forget", "override", "bypass"],
    /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|foregoing|all|any|your)\b.{0,30}\b(?:instructions?|prompts?|rules?|directions?|guidelines?|context|messages?|orders?)\b/gi,
    0.9,
  ),
  sign(
    "role-change",
    ["you are now", "act as", "pretend", "from now on"],
    /\b(?:you are now|from now on,? you|act as (?:an?|the)|pretend (?:to be|you are))\b.{0,60}/gi,
    0.6,
  ),
  sign(
    "fake-turn",
    ["system", "assistant", "<|", "[inst", "human:"],
    /(?:<\|(?:im_start|im_end|system|user|assistant|endoftext)\|?>?|\[\/?INST\]|<<\/?SYS>>|^\s*(?:system|assistant|developer)\s*:\s|<\/?(?:system|assistant|tool_result|function_results)>)/gim,
    0.85,
  ),
  sign(
    "fake-verdict",
    ["approved", "authorized", "authorised", "permission"],
    /\b(?:(?:already|pre-?)\s*(?:approved|authori[sz]ed)|(?:approved|authori[sz]ed) by (?:the )?(?:user|owner|operator|administrator|admin)|the (?:user|owner) has (?:approved|authori[sz]ed|consented|granted))\b/gi,
    0.8,
  ),
  sign(
    "hide-from-person",
    ["do not", "don't", "without"],
    /\b(?:do not|don't|never|without)\b.{0,20}\b(?:tell|inform|mention|notify|reveal|telling|informing|mentioning|notifying|asking)\b.{0,30}\b(?:user|owner|human|person|anyone|operator)\b/gi,
    0.85,
  ),
  sign(
    "reveal-prompt",
    ["prompt", "instructions"],
    /\b(?:reveal|print|show|repeat|output|leak|disclose)\b.{0,30}\b(?:system prompt|initial instructions|hidden instructions|your instructions)\b/gi,
    0.8,
  ),
  sign(
    "addressed-order",
    ["important", "attention", "urgent", "note to"],
    /\b(?:important|attention|urgent|notice|note)\b.{0,20}\b(?:message|instructions?|note|to|for)\b.{0,20}\b(?:ai|assistant|agent|llm|language model|chatbot|model)\b/gi,
    0.7,
  ),
  sign("remote-image", ["!["], /!\[[^\]]{0,200}\]\(\s*https?:\/\/[^)\s]{1,2000}[?&=][^)\s]{0,2000}\)/gi, 0.6),
  sign(
    "hidden-html",
    ["display", "visibility", "font-size", "opacity", "<!--"],
    /(?:style\s*=\s*["'][^"']{0,200}(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0)[^"']{0,200}["'])/gi,
    0.7,
  ),
];
