/** What the offline planner says of itself, and what it will not do. @module */
import { type Intent, say } from "./offline-plan.ts";

const ABILITIES = `- files: \`list the files here\`, \`what is in notes.md\`, \`write hello.txt with "Hello"\`, \`append "milk" to list.txt\`, \`replace "a" with "b" in notes.md\`, \`search for TODO in *.ts\`, \`delete old.txt\`
- commands: \`run \\\`git status\\\`\`, \`run the tests\`
- the web: \`fetch example.org and save the title\`, \`search the web for …\`
- the browser: \`open example.org in the browser\`, \`click "More"\`, \`type "Ana" into "Name"\`, \`take a screenshot\`, \`close the browser\`
- memory: \`remember that …\`, \`what do you remember about …\`
- time and people: \`remind me to … in 20 minutes\`, \`send a message to ana saying …\`, \`spawn an agent to …\`
Several at once: join them with "then".`;

const HOW_TO_GET_MORE =
  "For a real model, set `ANTHROPIC_API_KEY` (or `OPENAI_API_KEY`, `GOOGLE_API_KEY`, `DEEPSEEK_API_KEY`), or `LLM_PROVIDER` and `LLM_MODEL`, or start Ollama on this machine; then start the gateway again.";

const HELP = `I am Vambrace's offline planner: no language model, just a small program that turns plain requests into tool calls. Everything that I do goes through the same gate as a real model's calls. I understand:
${ABILITIES}
${HOW_TO_GET_MORE}`;

export const talk: Intent = (clause) => {
  const text = clause.text;
  if (
    /^(?:help|\?|what can you do|what do you do|who are you|what are you|how do(?:es)? (?:this|you|it) work|commands?|usage|are you (?:real|an? (?:ai|model|llm)))[?.!\s]*(?:for me)?[?.!]*$/i.test(
      text,
    )
  ) {
    return say(HELP);
  }
  if (/^(?:good (?:morning|afternoon|evening|day)|moin|hola|hallo|yo|howdy|greetings|how are you)\b[^,;]*$/i.test(text))
    return say(GREETING);
  if (
    /^(?:thanks?(?: you)?|thx|cheers|great|nice|good|perfect|cool|ok(?:ay)?|bye|goodbye)\b[\s\w]{0,12}[.!]*$/i.test(
      text,
    )
  ) {
    return say("You are welcome.");
  }
  return undefined;
};

export const GREETING =
  "Hello! I am Vambrace's offline planner. Try `list the files here`, or say `help` for all that I understand.";

const NEGATED =
  /^(?:do not|don'?t|never|stop|avoid|no longer|without|you (?:must|should) not|under no circumstances)\b(?! forget)/i;

/** What was forbidden is not done; the words for it must not be taken for the order. */
export const negated: Intent = (clause) =>
  NEGATED.test(clause.text) ? say("Understood: I leave that alone.") : undefined;

/** Whether a message hangs on a condition. The planner cannot weigh one, and doing half of it could do harm. */
export function isConditional(message: string): boolean {
  return /(?:^|[.,;\n]\s*|\b(?:but|and|or|only)\s+)(?:if|unless|in case|provided|as long as|otherwise|else)\b/i.test(
    message,
  );
}

export const CONDITIONAL =
  "I am the offline planner and cannot weigh conditions (`if …`, `unless …`), so I did nothing. Ask for one thing after the other, or configure a real model.";

export function notUnderstood(words: string): string {
  const shown = words.length > 120 ? `${words.slice(0, 120).toWellFormed()}…` : words;
  return `I did not understand “${shown}”. I am the offline planner and know only plain requests:\n${ABILITIES}\n${HOW_TO_GET_MORE}`;
}
