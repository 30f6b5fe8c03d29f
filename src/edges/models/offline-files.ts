/** Plans about files. @module */
import { type About, couldNot, type Intent, type Plan, quote, say, simple, use } from "./offline-plan.ts";
import { type Clause, isQuoted, looksLikeFile, pathOf, rawOf, urlOf, valueOf } from "./offline-text.ts";

const HERE =
  /^(?:here|there|(?:in )?(?:this|the|my|your|the current|our)\s+(?:folder|directory|workspace|project|repo(?:sitory)?)|\.|the files|files|it all)?$/i;

const LIST =
  /^(?:ls|dir|list|show(?: me)?|what(?: are|'s| is)?|which|display|see)\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?(?:the\s+|my\s+|your\s+)?(?:files?|folders?|director(?:y|ies)|contents?|files and folders)\b(?:\s+(?:do (?:we|you|i) have|are there|exist|listing))?\s*(?:are\s+)?(?:(?:in|of|inside|under|from|at)\s+)?(.*?)[?.!]*$/i;
const LIST_PATH = /^(?:ls|dir|list)(?:\s+(?:in\s+)?(\S+))?[.!]*$/i;

export const list: Intent = (clause, about) => {
  const whole =
    /^(?:what(?:'s| is| do (?:we|you|i) have)|look|look around)\s*(?:in\s+)?(here|around|(?:this|the|my) (?:folder|directory|workspace))?[?.!]*$/i.exec(
      clause.text,
    );
  const named = LIST.exec(clause.text) ?? LIST_PATH.exec(clause.text) ?? whole;
  if (named === null) return undefined;
  const where = (named[1] ?? "").trim();
  if (HERE.test(where) || whole !== null) return listing(about, undefined);
  const path = pathOf(where, clause);
  if (path === undefined) return undefined;
  return looksLikeFile(path) ? reading(about, path) : listing(about, path);
};

function* listing(about: About, path: string | undefined): Plan {
  const where = path === undefined ? "here" : `in \`${path}\``;
  const reply = yield* use(about, "list", path === undefined ? {} : { path });
  return reply.ok ? `The files ${where}:\n\n${quote(reply.text)}` : couldNot(`list the files ${where}`, reply);
}

const READ =
  /^(?:read(?: me| out)?|show(?: me)?|cat|open|print|display|view|let me see|(?:what(?:'s| is| are)\s+(?:in|inside|written in|the contents? of|in the file))|(?:(?:the )?contents? of)|give me)\s+(?:the contents? of\s+)?(.+?)[?!]*$/i;
const SAYS = /^what\s+(?:does|do)\s+(.+?)\s+(?:say|contain|hold|have in it)[?.!]*$/i;

export const read: Intent = (clause, about) => {
  const named = SAYS.exec(clause.text)?.[1] ?? READ.exec(clause.text)?.[1];
  if (named === undefined || urlOf(named, clause) !== undefined) return undefined;
  const paths = pathsOf(named, clause, about);
  const [only, ...more] = paths ?? [];
  if (paths === undefined || only === undefined) return undefined;
  if (more.length === 0 && !looksLikeFile(only) && !/\bfile\b/i.test(named)) return folderOrFile(about, only);
  return readingAll(about, paths);
};

/** `a.txt and b.txt`, or what `it` stands for; undefined where one of them is no path. */
export function pathsOf(named: string, clause: Clause, about: About): readonly string[] | undefined {
  const it = /^(?:it|that|this|that file|this file|the file|them)$/i.test(named.trim());
  if (it) return about.lastPath === undefined ? undefined : [about.lastPath];
  const paths = named.split(/\s*,\s*(?:and\s+)?|\s+and\s+/).map((piece) => pathOf(piece, clause));
  return paths.every((path) => path !== undefined) ? paths : undefined;
}

function* readingAll(about: About, paths: readonly string[]): Plan {
  const says: string[] = [];
  for (const path of paths) says.push(yield* reading(about, path));
  return says.join("\n\n");
}

function* reading(about: About, path: string): Plan {
  about.lastPath = path;
  const reply = yield* use(about, "read", { path });
  return reply.ok ? `This is what \`${path}\` says:\n\n${quote(reply.text)}` : couldNot(`read \`${path}\``, reply);
}

function* folderOrFile(about: About, path: string): Plan {
  const listed = yield* use(about, "list", { path });
  if (listed.ok) return `The files in \`${path}\`:\n\n${quote(listed.text)}`;
  return yield* reading(about, path);
}

const SUMMARISE =
  /^(?:summari[sz]e|give me (?:a|the) (?:short |brief )?summary of|tl;?dr(?: of)?|what(?:'s| is)(?=.+\s+about\W*$)|what(?:'s| is) the gist of)\s+(.+?)(?:\s+about)?[?.!]*$/i;

export const summarise: Intent = (clause, about) => {
  const named = SUMMARISE.exec(clause.text)?.[1];
  if (named === undefined || urlOf(named, clause) !== undefined) return undefined;
  const paths = pathsOf(named, clause, about);
  return paths?.length === 1 && paths[0] !== undefined ? firstLines(about, paths[0]) : undefined;
};

const SUMMARY_LINES = 8;

function* firstLines(about: About, path: string): Plan {
  about.lastPath = path;
  const reply = yield* use(about, "read", { path });
  if (!reply.ok) return couldNot(`read \`${path}\``, reply);
  const lines = reply.text.split("\n").filter((line) => line.trim() !== "");
  const more = lines.length - SUMMARY_LINES;
  const rest = more > 0 ? ` and ${more} more lines` : "";
  return `As the offline planner I cannot condense a text, so here is how \`${path}\` begins:\n\n${quote(lines.slice(0, SUMMARY_LINES).join("\n"))}${rest}`;
}

const WRITE_TO =
  /^(?:write|save|put|store)\s+(?!a file|the file|a new file)(.+?)\s+(?:to|in|into|as)\s+(?:a |the )?(?:new )?(?:file )?(?:called |named )?(\S+?)[.!]*$/is;
const WRITE =
  /^(?:write|create|make|touch|save)\s+(?:me\s+)?(?:a |an |the )?(?:new )?(?:empty |text |small )*(?:file )?(?:called |named |as )?(\S+?)[.,:]?(?:\s+(?:file\s+)?(?:with|containing|saying|that says|that contains|and put|and write)\s*(?:(?:the |this )?(?:content|contents|text|line|words?|message)s?\b)?\s*:?\s*([\s\S]+)|:\s*([\s\S]+)|\s*)$/i;

export const write: Intent = (clause, about) => contentFirst(clause, about) ?? fileFirst(clause, about);

/** `save "x" in notes.md` */
function contentFirst(clause: Clause, about: About): Plan | undefined {
  const [, content = "", place = ""] = WRITE_TO.exec(clause.text) ?? [];
  const path = content === "" ? undefined : pathsOf(place, clause, about)?.[0];
  if (path === undefined) return undefined;
  const isMeant = looksLikeFile(path) || isQuoted(place) || isQuoted(content);
  return isMeant ? writing(about, path, valueOf(content, clause)) : undefined;
}

/** `write notes.md with "x"` */
function fileFirst(clause: Clause, about: About): Plan | undefined {
  const [, named = "", withContent, afterColon] = WRITE.exec(clause.text) ?? [];
  const path = pathOf(named, clause);
  if (path === undefined || /^(?:folder|directory|dir|it|me|a|the)$/i.test(path)) return undefined;
  if (!looksLikeFile(path) && !isQuoted(named) && !/\bfile\b|\btouch\b/i.test(clause.text)) return undefined;
  const content = withContent ?? afterColon;
  return writing(about, path, content === undefined ? undefined : valueOf(content, clause));
}

function writing(about: About, path: string, content: string | undefined): Plan {
  about.lastPath = path;
  const text = content ?? (/hello/i.test(path) ? "Hello!" : "");
  const body = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const what = content === undefined && text === "" ? " (empty: you named no content)" : ` with:\n\n${quote(body)}`;
  return simple(
    about,
    { tool: "write", arguments: { path, content: body } },
    { what: `write \`${path}\``, done: () => `I wrote \`${path}\`${what}` },
  );
}

const EDIT_TAIL =
  /^(?:replace|change|substitute)\s+(all\s+|every\s+)?(.+?)\s+(?:with|by|to|into)\s+(.+?)\s+(everywhere\s+)?(?:in|inside)\s+(\S+?)[.!]*$/is;
const EDIT_HEAD =
  /^(?:in|edit)\s+(\S+?)[,:]?\s+(?:to\s+|and\s+)?(?:replace|change|substitute)\s+(all\s+|every\s+)?(.+?)\s+(?:with|by|to|into)\s+(.+?)[.!]*$/is;

type Edit = { readonly where: string; readonly before: string; readonly after: string; readonly all: boolean };

function editIn(text: string): Edit | undefined {
  const [, all, before, after, everywhere, where] = EDIT_TAIL.exec(text) ?? [];
  if (before !== undefined && after !== undefined && where !== undefined) {
    return { where, before, after, all: (all ?? everywhere) !== undefined };
  }
  const [, place, every, old, fresh] = EDIT_HEAD.exec(text) ?? [];
  if (place === undefined || old === undefined || fresh === undefined) return undefined;
  return { where: place, before: old, after: fresh, all: every !== undefined };
}

export const edit: Intent = (clause, about) => {
  const found = editIn(clause.text);
  const path = found === undefined ? undefined : pathsOf(found.where, clause, about)?.[0];
  if (found === undefined || path === undefined) return undefined;
  about.lastPath = path;
  const [old, fresh] = [valueOf(found.before, clause), valueOf(found.after, clause)];
  return simple(
    about,
    { tool: "edit", arguments: { path, old, new: fresh, ...(found.all ? { all: true } : {}) } },
    { what: `change \`${path}\``, done: () => `I replaced \`${old}\` with \`${fresh}\` in \`${path}\`.` },
  );
};

const SEARCH =
  /^(?:search(?!\s+(?:the web|online|the internet))|find|grep|look)\s+(?!.*(?:^|\s)-\w)(?:(?:all|the|my|these|your)\s+)*(?:files?\s+|folder\s+|code\s+|workspace\s+)*(?:for\s+)?(.+?)(?:\s+(?:in|inside|within|under|through|across|among)\s+(.+?))?[?.!]*$/i;
const WHERE =
  /^(?:where is|where do (?:we|i) (?:use|mention|define)|(?:which|what) files? (?:contains?|mentions?|has|have|uses?))\s+(.+?)(?:\s+(?:used|mentioned|defined))?(?:\s+in\s+(.+?))?[?.!]*$/i;
const EVERYWHERE =
  /^(?:(?:all|the|my|these|your|any|of)\s+)*(?:files?|code|workspace|folder|directory|project|here|repo(?:sitory)?|everything)(?:\s+here)?$/i;

export const search: Intent = (clause, about) => {
  const named = SEARCH.exec(clause.text) ?? WHERE.exec(clause.text);
  if (named === null) return undefined;
  const pattern = valueOf(
    (named[1] ?? "").replace(/^(?:the (?:word|text|string|phrase)|occurrences of|all|any)\s+/i, ""),
    clause,
  );
  if (pattern === "") return undefined;
  const where = (named[2] ?? "").replace(/\s+files?$/i, "").trim();
  const place = where === "" || EVERYWHERE.test(named[2] ?? "") ? {} : placeOf(where, clause);
  if (place === undefined) return undefined;
  return simple(
    about,
    { tool: "search", arguments: { pattern, ...place } },
    { what: `search for \`${pattern}\``, done: (text) => `What I found for \`${pattern}\`:\n\n${quote(text)}` },
  );
};

function placeOf(where: string, clause: Clause): { path: string } | { glob: string } | undefined {
  const path = pathOf(where, clause);
  if (path === undefined) return undefined;
  return path.includes("*") ? { glob: path } : { path };
}

/** A clause that only says what it is about: `notes.md`. */
export const bare: Intent = (clause, about) => {
  const path = pathOf(clause.text, clause);
  return path !== undefined && looksLikeFile(path) && urlOf(clause.text, clause) === undefined
    ? reading(about, path)
    : undefined;
};

export const empty: Intent = (clause) => (rawOf(clause.text, clause) === "" ? say("") : undefined);
