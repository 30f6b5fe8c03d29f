/**
 * Words that want to be taken for an order, a turn or a verdict of somebody
 * else. Every gap is bounded, so each pattern runs in linear time.
 *
 * @module
 */
import type { Rule } from "./rule.ts";

export function sign(id: string, hints: readonly string[], pattern: RegExp, confidence: number): Rule {
  return { id, kind: "injection", hints, pattern, confidence };
}

/** One whose match begins with one of these words. */
export function opening(id: string, words: readonly string[], pattern: RegExp, confidence: number): Rule {
  return { ...sign(id, words, pattern, confidence), at: 0 };
}

/** "Ignore all previous instructions", as people of thirteen languages would write it. */
const IGNORE: readonly Rule[] = [
  opening(
    "ignore-instructions",
    ["ignor", "disregard", "forget", "overrid", "bypass"],
    /\b(?:ignor(?:e|ing)|disregard|forget|overrid(?:e|ing)|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|foregoing|all|any|your|these|those|system|safety|hidden|everything)\b.{0,30}\b(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|polic(?:y|ies)|guardrails?|context|messages?|orders?|above|before|learned|told)\b/gi,
    0.9,
  ),
  opening(
    "ignore-instructions",
    ["ignorier", "vergiss", "vergessen sie", "missachte"],
    /(?:ignorier\w{0,3}|vergiss|vergessen sie|missachte\w{0,2})\b.{0,40}\b(?:vorherig|bisherig|vorig|obig|früher|alle)\w{0,3}\b.{0,30}\b(?:anweisung|instruktion|regel|befehl|vorgabe)\w{0,3}/gi,
    0.9,
  ),
  opening(
    "ignore-instructions",
    ["ignor", "oubli", "olvid", "dimentic", "esque", "negeer", "vergeet", "desconsider"],
    /\b(?:ignor(?:e[zsr]?|a|ad|en)|oublie[zsr]?|olvid[ae]|dimentica|esque(?:ça|ca|ce)|negeer|vergeet|desconsider[ae])\b.{0,40}(?:instru(?:ctions?|cciones|ções|coes|cties)|istruzioni|consignes?|órdenes|ordenes|regole|reglas|regras|regels|règles|opdrachten).{0,30}(?:précédent|precedent|anterior|previ|above|eerder|vorig|ci-dessus)?/gi,
    0.85,
  ),
  sign(
    "ignore-instructions",
    ["игнорир", "забудь", "ігнор", "zignoruj", "zapomnij"],
    /(?:игнорируй|забудь|ігноруй|zignoruj|zapomnij).{0,40}(?:инструкци|указани|правил|команд|інструкці|вказівк|instrukcj|poleceni|zasad)/gi,
    0.9,
  ),
  sign(
    "ignore-instructions",
    ["忽略", "无视", "忘记", "無視", "忘れ", "무시", "nceki"],
    /(?:忽略|无视|無視|忘记).{0,12}(?:指令|指示|规则|規則|提示|命令)|(?:指示|命令|ルール|プロンプト).{0,8}(?:無視|忘れ)|(?:지시|명령|규칙|프롬프트).{0,8}무시|önceki.{0,20}(?:talimat|komut|kural).{0,20}(?:yoksay|unut|görmezden|yok say)/gi,
    0.9,
  ),
  sign(
    "ignore-instructions",
    ["تجاهل", "अनदेखा"],
    /تجاهل.{0,20}(?:التعليمات|الأوامر|القواعد)|(?:निर्देश|आदेश|नियम).{0,20}अनदेखा/g,
    0.9,
  ),
];

const LIFTING =
  "disable,turn off,switch off,remove,deactivate,drop,ignore,bypass,without,no ,regardless of,answer,reply,respond,continue,act ,enable,enter,switch to,you are,do anything now,jailbreak yourself".split(
    ",",
  );
const LIMITS = "safety|security|ethical|content|all|any|your|every";

export const ORDER_RULES: readonly Rule[] = [
  ...IGNORE,
  opening(
    "lift-limits",
    LIFTING,
    new RegExp(
      `\\b(?:disable|turn off|switch off|remove|deactivate|drop|ignore|bypass|without|no|regardless of)\\b.{0,20}\\b(?:${LIMITS})\\b.{0,20}\\b(?:guardrails?|filters?|restrictions?|constraints?|safeguards?|safety rules|limits|polic(?:y|ies))\\b|\\b(?:answer|reply|respond|continue|act)\\b.{0,20}\\bwithout\\b.{0,12}\\b(?:restrictions?|limits|filters?|guardrails?)\\b|\\b(?:enable|enter|switch to|you are)\\b.{0,12}\\b(?:DAN(?: mode)?\\b(?!-)|unrestricted mode|developer mode|jailbreak mode)\\b|\\bdo anything now\\b|\\bjailbreak yourself\\b`,
      "gi",
    ),
    0.8,
  ),
  sign(
    "new-instructions",
    ["instruction"],
    /\b(?:your (?:new )?instructions have changed|new instructions (?:from|by) (?:the )?(?:system|admin|developer|operator)|new instructions\s{0,2}:|(?:here are|follow) (?:your|the|these) new instructions|(?:real|actual|updated) (?:task|instructions?) (?:is|are)\b)/gi,
    0.8,
  ),
  opening(
    "role-change",
    ["you are now", "act as", "pretend", "from now on"],
    /\b(?:you are now|from now on,? you|act as (?:an?|the)|pretend (?:to be|you are))\b.{0,60}/gi,
    0.6,
  ),
  opening(
    "hide-from-person",
    ["do not", "don't", "without", "never"],
    /\b(?:do not|don't|never|without)\b.{0,20}\b(?:tell|inform|mention|notify|reveal|telling|informing|mentioning|notifying|asking)\b.{0,30}\b(?:user|owner|human|person|anyone|operator)\b/gi,
    0.85,
  ),
  sign(
    "without-approval",
    ["without confirm", "without approv", "without asking", "without permission", "without the"],
    /\b(?:run|invoke|execute|call|use|send|do|proceed|continue|delete|pay|transfer)\b.{0,40}\bwithout (?:further |any |the user'?s? |user |human )?(?:confirmation|confirming|approval|asking|permission|consent)\b/gi,
    0.7,
  ),
  sign(
    "reveal-prompt",
    ["prompt", "instructions"],
    /\b(?:reveal|print|show|repeat|output|leak|disclose|expose)\b.{0,30}\b(?:system prompt|initial instructions|hidden (?:instructions|prompt)|your instructions)\b/gi,
    0.8,
  ),
  opening(
    "addressed-order",
    ["important", "attention", "urgent", "note", "notice"],
    /\b(?:important|attention|urgent|notice|note)\b.{0,20}\b(?:message|instructions?|note|to|for)\b.{0,20}\b(?:ai|assistant|agent|llm|language model|chatbot|model)\b/gi,
    0.7,
  ),
  opening("order-tag", ["<important>", "<admin>"], /<(?:important|admin)>/gi, 0.7),
  // At the beginning of a line: what stands before the word is looked at from the word.
  opening(
    "fake-turn",
    ["system", "assistant", "developer", "human"],
    /(?:(?<=^(?<before>[ \t]{0,8}(?:#{1,6}[ \t]{0,3})?))(?:system|assistant|developer|human)(?: (?:message|prompt|note|override))?[ \t]{0,3}:[ \t]|(?<=^(?<before>#{1,6}[ \t]{1,3}))system(?: (?:message|prompt|override))?[ \t]{0,3}$|(?<=^(?<before>\[))(?:system|assistant|developer)[^\]\n]{0,40}\])/gim,
    0.7,
  ),
  opening(
    "fake-verdict",
    [
      "already",
      "pre",
      "approved",
      "authori",
      "confirmed",
      "granted",
      "the user",
      "the owner",
      "the operator",
      "the gate",
      "the judge",
      "the policy",
      "vambrace",
      "verdict",
      "approval",
      "permission",
    ],
    /\b(?:(?:already|pre-?)\s{0,2}(?:approved|authori[sz]ed|confirmed)|(?:approved|authori[sz]ed|confirmed|granted) by (?:the |your )?(?:user|owner|operator|administrator|admin|gate|judge|vambrace)|the (?:user|owner|operator) has (?:already )?(?:approved|authori[sz]ed|consented|granted|confirmed|allowed|agreed)|(?:the gate|vambrace|the judge|the policy) (?:allows?|permits?|has allowed|has approved)|verdict\s{0,2}[:=]\s{0,2}["']?allow|(?:approval|permission|verdict)\s{0,2}[:=]\s{0,2}["']?(?:granted|yes|approved|allow))\b/gi,
    0.8,
  ),
];

/** What a chat template or a tool protocol would take for a border between speakers. */
export const TOKEN_RULES: readonly Rule[] = [
  sign(
    "fake-token",
    [
      "<|",
      "[inst",
      "[/inst",
      "<<sys",
      "<</sys",
      "<system",
      "</system",
      "<assistant",
      "</assistant",
      "tool_result",
      "function_results",
      "<s>",
      "</s>",
    ],
    /<\|[a-z_]{2,30}\|>|<\|(?:im_start|im_end|system|user|assistant|endoftext)\b|\[\/?INST\]|<<\/?SYS>>|<\/?(?:system|assistant|tool_result|function_results|function_calls|tool_response|system-reminder)>/gi,
    0.85,
  ),
];
