/**
 * Secrets by the words that stand beside them: `api_key = "…"`,
 * `Authorization: Bearer …`, `<password>…</password>`.
 *
 * Here nothing but the name says that it is one. So a name that says otherwise
 * counts: whoever wants to get a secret past leaves the name away altogether.
 *
 * @module
 */
import { isName, isPlaceholder, isReference, looksRandom } from "./made-up.ts";
import { MORE_SHAPE_RULES } from "./more-shapes.ts";
import { PLATFORM_RULES } from "./platform-shapes.ts";
import type { Rule } from "./rule.ts";
import { SHAPE_RULES } from "./shapes.ts";

/** What stands between a name and its value, in assignments of many languages, in JSON, YAML and XML. */
const IS = "(?:=>|:=|\\|\\|=?|[?:]{0,3}=|:|>|\\bis\\b)";

const ASSIGNED = new RegExp(
  `(?<=(?<before>[\\w$.-]{0,40}))(?:key|secret|token|passw(?:or)?d|pwd|passphrase|credentials?)(?:[_\\-. ]?(?:key|id|value|hash))?(?:["'\`]?\\]?\\s{0,4}${IS}\\s{0,4}["'\`]{0,3}|["'\`]\\s{0,4},\\s{0,4}["'\`])(?<value>[^\\s"'\`,;<>{}()[\\]]{8,512})`,
  "gi",
);

const BESIDE_WORDS: readonly Rule[] = [
  {
    id: "assigned-secret",
    kind: "secret",
    hints: ["key", "secret", "token", "passw", "passphrase", "pwd", "credential"],
    at: 0,
    pattern: ASSIGNED,
    confidence: 0.7,
    holds: (value, whole) => isAssigned(nameIn(whole), value),
  },
  {
    id: "assigned-in-attribute",
    kind: "secret",
    hints: ["key=", "name="],
    at: 0,
    pattern:
      /\b(?:key|name)="[^"<>]{0,60}(?:key|secret|token|password|pwd|passphrase|credential)[^"<>]{0,20}"\s{1,4}value="(?<value>[^"<>]{6,512})"/gi,
    confidence: 0.7,
    holds: (value) => !isPlaceholder(value) && !/^%.*%$|^\$|^#\{/.test(value),
  },
  {
    id: "password-of-command",
    kind: "secret",
    hints: [" -u", " --user"],
    at: 0,
    pattern:
      /\s(?<=\bcurl\b[^|;]{0,400})(?:-u|--user)[\s=]{1,4}["']?[^\s:"'$]{0,100}:["']?(?<value>[^\s"'$<>{}*[\]]{6,200})/g,
    confidence: 0.8,
    holds: (value) => !isPlaceholder(value) && !/^(?:pass(?:word)?|secret|token)$/i.test(value),
  },
  {
    id: "bundler-credential",
    kind: "secret",
    // `bundle config` takes the login of a gem server as a variable that is named after its host.
    hints: ["bundle_"],
    at: 0,
    pattern:
      /\bBUNDLE_[A-Z0-9]{1,40}(?:__[A-Z0-9_]{1,40}){1,6}["']?\s{0,3}[:=]\s{0,3}["']?(?<value>[^\s:"'$<>]{1,100}:[^\s:"'$<>;]{4,200})/g,
    confidence: 0.8,
    holds: (value) => !isPlaceholder(value),
  },
  {
    id: "authorization-header",
    kind: "secret",
    hints: ["authorization", "x-api-key", "private-token"],
    at: 0,
    pattern:
      /\b(?:authorization|x-api-key|private-token)["']?\s{0,3}[:=]\s{0,3}["']?(?:[A-Za-z][\w-]{1,20}\s{1,3})?(?<value>[A-Za-z0-9._~+/=@:-]{10,2048})/gi,
    confidence: 0.75,
    holds: (value) => looksRandom(value) && !isName(value) && !isReference(value),
  },
  {
    id: "bearer-token",
    kind: "secret",
    hints: ["bearer", "basic"],
    at: 0,
    pattern: /\b(?:bearer|basic)\s+(?<value>[A-Za-z0-9._~+/=-]{16,2048})/gi,
    confidence: 0.8,
    holds: (value) => looksRandom(value),
  },
  {
    id: "kubernetes-secret",
    kind: "secret",
    hints: ["kind: secret", 'kind: "secret', 'kind":"secret', 'kind": "secret'],
    // One whole block of values, in YAML or JSON, in either order.
    pattern:
      /\bkind["']?:\s{0,4}["']?Secret\b(?:(?!\n---)[\s\S]){0,800}?\b(?:data|stringData)["']?:\s{0,4}(?<value>(?:\{\s{0,200}|\n)(?:[ \t]{0,20}["']?[\w.-]{1,100}["']?:[ \t]{0,4}["']?[A-Za-z0-9+/]{8,8000}={0,2}["']?,?\s{0,4}){1,40})/g,
    confidence: 0.7,
  },
];

export const SECRET_RULES: readonly Rule[] = [...SHAPE_RULES, ...MORE_SHAPE_RULES, ...PLATFORM_RULES, ...BESIDE_WORDS];

/** What stands before the value, without what separates the two. */
function nameIn(whole: string): string {
  return /^[\w$.\- ]{0,120}/.exec(whole)?.[0].trim() ?? "";
}

const WORD_END = "(?=[A-Z_.-]|$)";
/** The name says that it is no secret. */
const DISOWNED = new RegExp(
  `(?:^|[_.-]|(?<=[a-z]))(?:[Nn]on|[Nn]ot|[Nn]o|[Ff]ake|[Dd]ummy|[Mm]ock|[Ss]ample|[Ee]xample|[Ii]nvalid|[Ww]rong|[Pp]laceholder|NON|NOT|FAKE|DUMMY|MOCK|SAMPLE|EXAMPLE|INVALID|WRONG|PLACEHOLDER)${WORD_END}`,
);
/** Keys that open nothing: of tables, caches, maps and lists; public ones. */
const OPENS_NOTHING =
  /(?:pub|public|primary|foreign|partition|sort|cache|row|lookup|object|bucket|hot|shortcut|unique|group|idempotency|dedup|map|hash|column|field|item|react|i18n|translation|message|event|index|sequence)[_. -]?keys?(?:[_. -]?(?:id|value|hash))?$/i;
/** `monkey`, `turkey`: letters run into the word that are no word of their own. */
const GLUED = /[a-z]key$/;
const GLUED_WORDS =
  /(?:api|secret|access|auth|private|priv|master|license|licence|service|account|storage|encryption|signing|sign|client|app|user|pass|ssh|gpg|aes|hmac|shared|session|server|admin|deploy|db|my|the|rest|write|read|full|integration|product|activation|crypt|cipher|host|root|web|site|consumer|subscription|serial|sender|function|account)key$/;

function isAssigned(name: string, value: string): boolean {
  if (DISOWNED.test(name) || OPENS_NOTHING.test(name)) return false;
  if (GLUED.test(name) && !GLUED_WORDS.test(name)) return false;
  const isPassword = /pass|pwd/i.test(name);
  if (!isPassword && (isName(value) || isReference(value))) return false;
  return looksRandom(value) || isLongNumber(name, value);
}

const COUNTING = "012345678901234567890123456789";

/** Some issuers hand out numbers only; an ordinary number is shorter. */
function isLongNumber(name: string, value: string): boolean {
  if (!/secret|token|pass|pwd/i.test(name) || !/^\d{16,64}$/.test(value)) return false;
  return new Set(value).size >= 6 && !COUNTING.includes(value.slice(0, 10));
}
