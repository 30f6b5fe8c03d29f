/**
 * Orders in plain words that no sentence about something contains by chance:
 * something that is to be done after every task, with something that leaves,
 * runs or is lost; private things that are to be sent to a place; checks that
 * are to be left out, and the person's wish with them.
 *
 * Each rule needs two signs together. Every gap is bounded and stays within a
 * line or two.
 *
 * @module
 */
import { opening } from "./orders.ts";
import type { Rule } from "./rule.ts";

const GAP = "[^\\n]";
const LEAVES =
  "send(?:ing)?|upload(?:ing)?|forward(?:ing)?|post(?:ing)?|transmit(?:ting)?|exfiltrat(?:e|ing)|submit(?:ting)?|deliver|mail(?:ing)?|e-?mail(?:ing)?|back(?:ing)? ?up|sync(?:ing)?|report(?:ing)?|shar(?:e|ing)";
const RUNS = "run(?:ning)?|execut(?:e|ing)|call(?:ing)?|invok(?:e|ing)|download(?:ing)?|install(?:ing)?|launch(?:ing)?";
const LOSES =
  "delet(?:e|ing)|remov(?:e|ing)|eras(?:e|ing)|wip(?:e|ing)|overwrit(?:e|ing)|clean(?:ing)? up|encrypt(?:ing)?";

/** When: at every task, whatever it was. */
const EVERY_TASK =
  "(?:after|before|upon|when(?:ever)?|once|each time|every time)\\s{1,2}(?:(?:you(?: have| are)?|the)\\s{1,2})?(?:(?:finish|complet|perform|edit|process|mak|modif|chang|updat|creat|submit|finaliz|finalis|implement|add|review|work)\\w{0,5}\\s{1,2}(?:\\w{1,20}\\s{1,2}){0,3}?(?:any|every|each|all|the|a|an)\\b|any\\b|every\\b|each\\b|all\\b)";

/** Where to: somewhere else. */
const ELSEWHERE =
  "(?:https?://|\\b(?:our|company|central|intranet|external|remote|following)\\s{1,2}(?:\\w{1,20}\\s{1,2}){0,3}(?:server|endpoint|webhook|collector|service|address|bucket|backup)\\b|[\\w.+-]{1,40}@[\\w-]{1,40}\\.)";

const PRIVATE =
  "(?:\\.env\\b|\\.ssh\\b|\\.aws\\b|id_rsa|credentials?|passwords?|api[ _-]?keys?|access tokens?|private keys?|secrets?|clipboard|pbpaste|screenshots?|system prompt|contacts|emails?|inbox|browser (?:history|cookies)|cookies|seed phrase|wallet|environment variables|patient (?:data|records?)|conversation(?: history)?|chat history|source code|(?:task |user )?prompts?\\b)";

export const STANDING_RULES: readonly Rule[] = [
  opening(
    "standing-order",
    ["after ", "before ", "upon ", "when", "once ", "each time", "every time"],
    new RegExp(
      `\\b${EVERY_TASK}${GAP}{0,120}?\\b(?:(?:${LEAVES})\\b${GAP}{0,120}?${ELSEWHERE}|(?:${RUNS})\\b${GAP}{0,60}?(?:\\.(?:sh|py|js|ps1|bat)\\b|\`{3}|\\b(?:script|steps|procedure)\\b|https?://)|(?:${LOSES})\\b${GAP}{0,40}?\\b(?:all|every|any|old|original|other|existing|files?|events?|entries|records?)\\b|\\b(?:git (?:push --force|reset --hard)|rm -[rf]{2}|chmod (?:-R )?777))`,
      "gi",
    ),
    0.6,
  ),
  opening(
    "standing-order",
    ["always ", "make sure", "ensure ", "be sure", "remember to", "don't forget", "do not forget"],
    new RegExp(
      `\\b(?:always|(?:make|be) sure(?: that)?(?: you)?(?: to)?|ensure(?: that)?(?: you)?|remember to|(?:don't|do not) forget to)\\b${GAP}{0,60}?\\b(?:(?:${LEAVES})(?:s|ed)?\\b${GAP}{0,100}?${ELSEWHERE}|(?:${RUNS})\\b${GAP}{0,40}?\\w\\.(?:sh|py|js|ps1|bat)\\b)`,
      "gi",
    ),
    0.6,
  ),
  opening(
    "private-sent-away",
    [
      "send",
      "upload",
      "forward",
      "post",
      "transmit",
      "exfiltrat",
      "submit",
      "mail",
      "email",
      "back up",
      "backup",
      "copy",
    ],
    new RegExp(
      `\\b(?:${LEAVES}|cop(?:y|ying))\\b${GAP}{0,60}?${PRIVATE}${GAP}{0,80}?\\bto\\b${GAP}{0,30}?${ELSEWHERE}`,
      "gi",
    ),
    0.6,
  ),
  opening(
    "private-sent-away",
    ["collect", "gather", "extract", "harvest", "scan", "grab", "read ", "run "],
    new RegExp(
      `\\b(?:collect|gather|extract|harvest|scan|grab|read|run)\\b${GAP}{0,60}?${PRIVATE}[^]{0,300}?\\b(?:${LEAVES})\\b${GAP}{0,60}?\\bto\\b${GAP}{0,20}?${ELSEWHERE}`,
      "gi",
    ),
    0.6,
  ),
  opening(
    "against-the-person",
    ["regardless", "whatever", "no matter", "even if", "instead of", "without "],
    /\b(?:regardless of|whatever|no matter what|even if|instead of|without (?:checking|consulting|verifying))\b[^\n]{0,30}\b(?:the )?(?:user|person|customer|owner|human)(?:'s)?\b[^\n]{0,20}\b(?:request\w{0,3}|ask\w{0,3}|sa(?:ys?|id)|want\w{0,2}|wish\w{0,2}|instruct\w{0,5}|object\w{0,2}|consent)\b/gi,
    0.6,
  ),
  opening(
    "checks-left-out",
    ["disable", "skip", "turn off", "suppress", "never run", "bypass"],
    /\b(?:always |globally )?(?:disable|skip|turn off|suppress|bypass)\b[^\n]{0,12}\b(?:all |any |every )(?:\w{1,20} ){0,2}(?:security|safety|verification|validation|authentication|permission|certificate)\b[^\n]{0,20}\b(?:checks?|warnings?|alerts?|prompts?|controls?|tests?|verification|errors?)\b/gi,
    0.6,
  ),
];
