/** Plans about people, memory, time and other sessions. @module */
import { type About, couldNot, type Intent, type Plan, quote, say, simple, use } from "./offline-plan.ts";
import { type Clause, looksLikeFile, pathOf, rawOf, valueOf } from "./offline-text.ts";
import { whenOf } from "./offline-when.ts";

const REMEMBER =
  /^(?:remember|note(?: down)?|keep in mind|don'?t forget|do not forget|memori[sz]e)(?:\s*:|\s+that\b|\s+this\s*:)?\s+(?!about\b)([\s\S]+)$/i;

export const remember: Intent = (clause, about) => {
  const named = clause.text.endsWith("?") ? null : REMEMBER.exec(clause.text);
  if (named === null) return undefined;
  const text = valueOf(named[1] ?? "", clause);
  return simple(
    about,
    { tool: "remember", arguments: { text } },
    { what: "remember that", done: () => `I will remember: ${text}` },
  );
};

const RECALL =
  /^(?:what (?:do|did|can) (?:you|i) (?:remember|recall|know|tell you|have in (?:your )?memory)|do you (?:remember|recall|know)|recall|what have i told you|what did i (?:tell|ask) you(?: to remember)?|show (?:me )?(?:your |my )?memor(?:y|ies))(?:\s+(?:about|of|on|concerning)|\s+everything)?\s*(.*?)[?.!]*$/i;

export const recall: Intent = (clause, about) => {
  const named = RECALL.exec(clause.text);
  if (named === null) return undefined;
  const query = valueOf(named[1] ?? "", clause).replace(/^(?:me|anything|everything|it all)$/i, "");
  const args = query === "" ? {} : { query };
  return simple(
    about,
    { tool: "recall", arguments: args },
    { what: "look that up", done: (text) => `What I remember:\n\n${quote(text)}` },
  );
};

const REMIND = /^(?:remind me|schedule|set (?:a |an )?(?:reminder|alarm)|wake me)\s*:?\s*(.*)$/is;
const EVERY =
  /^((?:every|each)\s+.+?)[,:]?\s+(?=(?:remind|tell|list|run|fetch|check|say|ask|read|search|do|send)\b)(?:remind me (?:to|that) )?(.+)$/is;

export const remind: Intent = (clause, about) => {
  const every = EVERY.exec(clause.text);
  const rest = every === null ? REMIND.exec(clause.text)?.[1] : `${every[2] ?? ""} ${every[1] ?? ""}`;
  if (rest === undefined) return undefined;
  const found = whenOf(rest, about.nowMs);
  const text = rawOf(found?.rest ?? rest, clause)
    .replace(/^(?:to|that|for|about|of)\s+/i, "")
    .replace(/[\s,.]+$/, "");
  if (found === undefined || text === "") {
    return say(
      "When, and of what? Say it as `remind me to call Ana in 20 minutes`, `… tomorrow at 9:00` or `… every day at 8:30`.",
    );
  }
  return simple(
    about,
    { tool: "schedule", arguments: { when: found.when, text } },
    { what: "schedule that", done: () => `Scheduled (${found.when}): ${text}` },
  );
};

const NAME = "(@?[\\w][\\w.+-]*(?:@[\\w.-]*\\w)?|\\uE000\\d+\\uE001)";
const SENDS: readonly { readonly form: RegExp; readonly to: number; readonly text: number }[] = [
  {
    form: new RegExp(
      `^(?:send|write|drop)\\s+(?:a |an )?(?:message|note|mail|e-?mail|text|dm)\\s+to\\s+${NAME}(?:\\s+(?:saying|that says|with(?: the)?(?: text)?|that|telling (?:him|her|them)(?: that)?))?\\s*:?\\s+([\\s\\S]+)$`,
      "i",
    ),
    to: 1,
    text: 2,
  },
  {
    form: new RegExp(
      `^send\\s+${NAME}\\s+(?:a |an )?(?:message|note|mail|e-?mail|text)(?:\\s+(?:saying|that says|that))?\\s*:?\\s+([\\s\\S]+)$`,
      "i",
    ),
    to: 1,
    text: 2,
  },
  {
    form: new RegExp(`^(?:message|e-?mail|text|dm|ping)\\s+${NAME}(?:\\s+(?:saying|that))?\\s*:?\\s+([\\s\\S]+)$`, "i"),
    to: 1,
    text: 2,
  },
  { form: new RegExp(`^tell\\s+${NAME}(?:\\s+that|\\s+to|\\s*:)?\\s+([\\s\\S]+)$`, "i"), to: 1, text: 2 },
  { form: new RegExp(`^let\\s+${NAME}\\s+know\\s+(?:that\\s+)?([\\s\\S]+)$`, "i"), to: 1, text: 2 },
  { form: new RegExp(`^send\\s+([\\s\\S]+?)\\s+to\\s+${NAME}[.!]*$`, "i"), to: 2, text: 1 },
];

export const send: Intent = (clause, about) => {
  for (const { form, to, text } of SENDS) {
    const named = form.exec(clause.text);
    if (named === null) continue;
    const recipient = valueOf(named[to] ?? "", clause);
    if (/^(?:me|us|yourself|it|them|him|her|session)$/i.test(recipient)) return undefined;
    return sending(about, recipient, named[text] ?? "", clause);
  }
  return undefined;
};

const CONTENTS = /^(?:the )?(?:contents?|text) of\s+(.+)$|^(?:the )?file\s+(.+)$/i;

function sending(about: About, recipient: string, what: string, clause: Clause): Plan {
  const named = CONTENTS.exec(what.trim());
  const path = pathOf(named?.[1] ?? named?.[2] ?? what, clause);
  if (path !== undefined && (named !== null || looksLikeFile(path))) return sendingFile(about, recipient, path);
  return sendingText(about, recipient, valueOf(what, clause));
}

function sendingText(about: About, recipient: string, text: string): Plan {
  return simple(
    about,
    { tool: "send", arguments: { recipient, text } },
    { what: `send that to \`${recipient}\``, done: () => `I sent to \`${recipient}\`: ${text}` },
  );
}

const LONGEST_MESSAGE = 8000;

function* sendingFile(about: About, recipient: string, path: string): Plan {
  const read = yield* use(about, "read", { path });
  if (!read.ok) return couldNot(`read \`${path}\``, read);
  const sent = yield* use(about, "send", { recipient, text: read.text.slice(0, LONGEST_MESSAGE).toWellFormed() });
  return sent.ok
    ? `I sent what \`${path}\` says to \`${recipient}\`.`
    : couldNot(`send \`${path}\` to \`${recipient}\``, sent);
}

const SESSION_ID = "(ses_\\w+|\\uE000\\d+\\uE001)";
const TO_SESSION = new RegExp(
  `^(?:message|tell|write to|ask|send (?:a message )?to)\\s+(?:the\\s+)?session\\s+${SESSION_ID}(?:\\s+(?:that|to|saying))?\\s*:?\\s+([\\s\\S]+)$`,
  "i",
);
const TO_SESSION_LAST = new RegExp(`^send\\s+([\\s\\S]+?)\\s+to\\s+(?:the\\s+)?session\\s+${SESSION_ID}[.!]*$`, "i");

export const messageSession: Intent = (clause, about) => {
  const first = TO_SESSION.exec(clause.text);
  const last = TO_SESSION_LAST.exec(clause.text);
  const [session, text] = first === null ? [last?.[2], last?.[1]] : [first[1], first[2]];
  if (session === undefined || text === undefined) return undefined;
  const args = { session: valueOf(session, clause), text: valueOf(text, clause) };
  return simple(
    about,
    { tool: "message", arguments: args },
    { what: "write to that session", done: (answer) => `The session was told.\n\n${quote(answer)}` },
  );
};

const SPAWN =
  /^(?:spawn|start|launch|create|run)\s+(?:a |an |the |another )?(?:new )?(?:(\w[\w.-]*)\s+)?(?:sub-?)?(?:agent|helper|session)(?:\s+(?:called|named)\s+(\w[\w.-]*))?(?:\s+(?:to|that|which|for)|\s*:)\s+([\s\S]+)$/i;
const DELEGATE = /^delegate\s+([\s\S]+?)\s+to\s+(?:the\s+|an?\s+)?(?:agent\s+)?(\w[\w.-]*)(?:\s+agent)?[.!]*$/i;
const ASK = /^(?:ask|have|let|get)\s+(?:the\s+)?(?:agent\s+(\w[\w.-]*)|(\w[\w.-]*)\s+agent)\s+(?:to\s+)?([\s\S]+)$/i;

export const spawn: Intent = (clause, about) => {
  const delegated = DELEGATE.exec(clause.text);
  const made = SPAWN.exec(clause.text) ?? ASK.exec(clause.text);
  const [agent, task] = delegated === null ? [made?.[2] ?? made?.[1], made?.[3]] : [delegated[2], delegated[1]];
  if (task === undefined) return undefined;
  const isNamed = agent !== undefined && !/^(?:sub|sub-?agent|agent|helper|new|another)$/i.test(agent);
  const args = { task: valueOf(task, clause), ...(isNamed ? { agent } : {}) };
  return simple(
    about,
    { tool: "spawn", arguments: args },
    {
      what: "start another agent",
      done: (text) => `The other agent was given the task. It answered:\n\n${quote(text)}`,
    },
  );
};

export const sessions: Intent = (clause) =>
  /^(?:list|show(?: me)?|what are|which)\s+(?:all\s+)?(?:the\s+|my\s+|your\s+)?(?:open\s+|other\s+|current\s+)?(?:sessions?|conversations?)\b/i.test(
    clause.text,
  )
    ? say(
        "I have no tool that lists sessions. In a terminal, `vambrace status` says how many there are; in the web chat they are in the list beside the conversation.",
      )
    : undefined;
