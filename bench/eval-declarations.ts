/**
 * Declarations for tools that somebody else described: from the names in their
 * schemas, by general rules of English, as an operator would write them who
 * never saw the sessions. Nothing here was made to fit a data set, and a tool
 * that no rule knows stays undeclared, which is the strictest.
 *
 * @module
 */
import type { ReplayDeclaration } from "../src/wire/replay.ts";

type Role = NonNullable<NonNullable<ReplayDeclaration["arguments"]>[string]["role"]>;
type Effect = NonNullable<ReplayDeclaration["effect"]>;

export type Schema = {
  readonly name: string;
  /** What the name begins with that is no verb: the service it belongs to. */
  readonly service?: string;
  readonly parameters: readonly string[];
};

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const READS = words("get read list search view find show check count lookup query describe access browse see");
const MONEY = words(
  "money payment payments bill funds transaction transactions invoice order refund donation purchase",
);
const PAYS = words("pay transfer withdraw deposit purchase buy sell order donate refund");
const DELETES = words("delete remove cancel erase clear purge leave unsubscribe");
const SENDS = words("send share post email message publish forward reply invite tweet notify call dispatch");
const RUNS = words("execute run eval");
const OPENS = words("navigate open visit fetch goto browse");
const SETS = words("set configure grant revoke enable disable unlock lock authorize allow deny reset");
const SETTINGS = words("password policy settings setting permission permissions access level");
const WRITES = words(
  "create add update append write edit move rename copy upload reschedule schedule manage generate save put insert download auto fill give go change",
);

/** The effect that the verb names; undefined where no rule knows it. */
function effectOf(verb: string, nouns: readonly string[]): Effect | undefined {
  if (READS.has(verb)) return "read";
  if (PAYS.has(verb) || nouns.some((noun) => MONEY.has(noun))) return "pay";
  if (DELETES.has(verb)) return "delete";
  if (SENDS.has(verb)) return "send";
  if (RUNS.has(verb)) return "exec";
  if (OPENS.has(verb)) return "fetch";
  if (verb === "schedule") return "schedule";
  if (SETS.has(verb) || nouns.some((noun) => SETTINGS.has(noun))) return "configure";
  return WRITES.has(verb) ? "write" : undefined;
}

const NAMES: readonly (readonly [RegExp, Role])[] = [
  [/(?:^|_)(?:url|link|website)$/, "url"],
  [/(?:^|_)(?:domain|host)s?$/, "host"],
  [/(?:^|_)(?:command|script)$/, "command"],
  [/(?:^|_)(?:amount|price|quantity|sum)$/, "amount"],
  [
    /^(?:to|cc|bcc)$|(?:^|_)(?:recipient|receiver|participant|attendee|guest|payee|contact|user|email|address)(?:s|_ids?)?$|^to_|^destination_(?:address|account)/,
    "recipient",
  ],
  [/(?:^|_)(?:date|time|day|start|end|recurring|limit|offset|page|max_results|n)$/, "plain"],
  [
    /(?:^|_)(?:subject|body|content|text|message|title|description|comment|note|location|attachments|updates|data|information)$/,
    "content",
  ],
  [/(?:^|_)(?:password|permission|level|state|permanent|value|operation|action|mode|side)$/, "value"],
];

function roleOf(parameter: string, isRead: boolean): Role {
  const name = parameter.toLowerCase();
  // A read acts on nothing: what it asks for is a question. Where it goes to still counts.
  if (isRead) return /(?:^|_)(?:url|link|website)$/.test(name) ? "url" : "plain";
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? "target";
}

/** `AmazonGetProductDetails` without its service, or `get_product_details`, as lower-case words. */
function wordsOf({ name, service = "" }: Schema): readonly string[] {
  const own = name.startsWith(service) ? name.slice(service.length) : name;
  return own
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[_\s-]+/)
    .filter((word) => word !== "");
}

export function declare(schema: Schema): ReplayDeclaration {
  const [verb = "", ...nouns] = wordsOf(schema);
  const named = effectOf(verb, nouns);
  const isRead = named === "read";
  const roles = schema.parameters.map((parameter) => [parameter, { role: roleOf(parameter, isRead) }] as const);
  // What is written where other people see it is sent to them.
  const reaches = named === "write" && roles.some(([, { role }]) => role === "recipient");
  const effect = reaches ? "send" : named;
  const isClock = isRead && nouns.includes("current") && nouns.some((noun) => /^(?:day|date|time)$/.test(noun));
  // The person's own organisers: what is looked up there by name. Not what others send: mail, messages, reviews.
  const isDirectory = nouns.some((noun) => /^(?:contacts?|payees?|addressbook)$/.test(noun)) && isRead;
  const isOrganiser =
    (isRead || verb === "create") && nouns.some((noun) => /^(?:calendar|events?|files?|notes?|tasks?)$/.test(noun));
  return {
    name: schema.name,
    ...(effect === undefined ? {} : { effect }),
    arguments: Object.fromEntries(roles),
    returns: { trust: isClock ? "full" : "none", confidentiality: "private" },
    ...(isDirectory || isOrganiser ? { directory: true } : {}),
  };
}
