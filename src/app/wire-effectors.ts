/** Gives each tool that ships the effector that does it. @module */
import { fileJob, parseFileAnswer } from "../edges/executors/files.ts";
import { createNet } from "../edges/net/net.ts";
import { createPageReader } from "../edges/net/page-text.ts";
import { createWebFetcher } from "../edges/net/web-fetcher.ts";
import { createWebSearch, SEARCH_ORIGIN } from "../edges/net/web-search.ts";
import type { HeldValues } from "../core/held.ts";
import type { AgentId } from "../core/ids.ts";
import type { Store } from "../core/ports/store.ts";
import { createFileLabels } from "../steps/label/files.ts";
import { type ShowTo, showTo } from "../steps/run/audience.ts";
import { browserEffectors } from "../steps/run/browser.ts";
import { commandEffector } from "../steps/run/command.ts";
import { createScratch } from "../steps/run/scratch.ts";
import {
  type Conversations,
  messageEffector,
  scheduleEffector,
  sendEffector,
  spawnEffector,
} from "../steps/run/conversations.ts";
import { fileContent, type FileDeps, fileEffectors } from "../steps/run/files.ts";
import { recallEffector, rememberEffector } from "../steps/run/memory.ts";
import { type QuarantineDeps, quarantineEffector, quarantineOf } from "../steps/run/quarantine.ts";
import type { Effector } from "../steps/run/run.ts";
import { fetchEffector, pageContent, searchEffector, type WebDeps } from "../steps/run/web.ts";
import { folderLabels, scratchSettings, webSettings } from "./config/settings.ts";
import type { Asker } from "./gateway/asker.ts";
import type { Helpers } from "./helpers.ts";
import type { WireUp } from "./given.ts";
import { browsing } from "./wire-browser.ts";

export type EffectorParts = {
  readonly given: WireUp;
  readonly store: Store;
  readonly helpers: Helpers;
  readonly conversations: Conversations;
  readonly held: HeldValues;
  readonly asker: Asker;
  /** What the model of an agent takes. */
  readonly contextTokensOf: (agent: AgentId) => number;
  readonly owner: string;
};

export function wireEffectors(parts: EffectorParts): ReadonlyMap<string, Effector> {
  const { given, store, helpers, conversations, owner } = parts;
  const { loaded, clock, random } = given;
  const { executor, egress } = helpers;
  const labels = createFileLabels({
    labels: store.fileLabels,
    state: store.state,
    folders: folderLabels(loaded.config, loaded.places),
    owner,
  });
  const show = showTo(owner);
  const web = webDeps(given, helpers);
  const reader = readerOf(parts, show);
  const memory = { memory: store.memory, clock, random, clean: (text: string) => given.outbound.kept.text(text) };
  const kept = scratchSettings(loaded.config);
  const files: FileDeps = {
    executor,
    files: { job: fileJob, answer: parseFileAnswer },
    labelOf: (path, digest) => labels.ofFile(path, digest),
    labelOfFolder: (path) => labels.ofFolder(path),
    labelOfFound: (folder, paths) => labels.ofFound(folder, paths),
    show,
    wrote: (path, digest, label) => labels.wrote(path, digest, label),
  };
  return new Map<string, Effector>([
    [
      "exec",
      commandEffector({
        executor,
        egress,
        show,
        labelOfMounts: (mounts) => labels.ofMounts(mounts),
        commandWrote: (...ran) => labels.commandWrote(...ran),
        scratch: kept === null ? null : createScratch(kept),
      }),
    ],
    ...fileEffectors(files),
    ...browserEffectors({ ...files, ...browsing(given, helpers) }),
    ["quarantine", quarantineEffector(reader)],
    ["quarantine_file", quarantineOf(reader, (work) => fileContent(files, work))],
    ["quarantine_page", quarantineOf(reader, (work) => pageContent(web, work))],
    ["web_fetch", fetchEffector(web)],
    ["web_search", searchEffector(web)],
    ["remember", rememberEffector(memory)],
    ["recall", recallEffector(memory)],
    ["send", sendEffector(conversations)],
    ["message", messageEffector(conversations)],
    ["spawn", spawnEffector(conversations)],
    ["schedule", scheduleEffector(conversations)],
  ]);
}

function webDeps({ loaded, secrets, clock }: WireUp, { egress }: Helpers): WebDeps {
  const { search } = webSettings(loaded.config, secrets.book);
  return {
    egress,
    fetcher: createWebFetcher({ clock }),
    pages: createPageReader({ clock }),
    search: createWebSearch({
      fetch: createNet().fetchFor({ kind: "origin", origin: SEARCH_ORIGIN }),
      key: search.enabled ? search.key : null,
    }),
  };
}

function readerOf({ held, asker, contextTokensOf }: EffectorParts, show: ShowTo): QuarantineDeps {
  return {
    held,
    show,
    ask: ({ proposal: { principal, origin }, signal }, question) =>
      asker.ask({ person: principal.person, origin }, { ...question, purpose: "quarantine" }, signal),
    // Half of what the model takes: there is more around the text, and four characters a token is a guess.
    room: ({ proposal }) => contextTokensOf(proposal.origin.agent) * 2,
  };
}
