/** Gives each tool that ships the effector that does it. @module */
import { fileJob, parseFileAnswer } from "../edges/executors/files.ts";
import { createNet } from "../edges/net/net.ts";
import { createPageReader } from "../edges/net/page-text.ts";
import { createWebFetcher } from "../edges/net/web-fetcher.ts";
import { createWebSearch, SEARCH_ORIGIN } from "../edges/net/web-search.ts";
import type { Store } from "../core/ports/store.ts";
import { createFileLabels } from "../steps/label/files.ts";
import { showTo } from "../steps/run/audience.ts";
import { browserEffectors } from "../steps/run/browser.ts";
import { commandEffector } from "../steps/run/command.ts";
import {
  type Conversations,
  messageEffector,
  scheduleEffector,
  sendEffector,
  spawnEffector,
} from "../steps/run/conversations.ts";
import { type FileDeps, fileEffectors } from "../steps/run/files.ts";
import { recallEffector, rememberEffector } from "../steps/run/memory.ts";
import type { Effector } from "../steps/run/run.ts";
import { fetchEffector, searchEffector, type WebDeps } from "../steps/run/web.ts";
import { folderLabels, webSettings } from "./config/settings.ts";
import type { Helpers } from "./helpers.ts";
import type { WireUp } from "./given.ts";
import { browsing } from "./wire-browser.ts";

export type EffectorParts = {
  readonly given: WireUp;
  readonly store: Store;
  readonly helpers: Helpers;
  readonly conversations: Conversations;
  readonly owner: string;
};

export function wireEffectors({
  given,
  store,
  helpers,
  conversations,
  owner,
}: EffectorParts): ReadonlyMap<string, Effector> {
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
  const memory = { memory: store.memory, clock, random };
  const files = { job: fileJob, answer: parseFileAnswer };
  const wrote: FileDeps["wrote"] = (path, digest, label) => labels.wrote(path, digest, label);
  return new Map<string, Effector>([
    [
      "exec",
      commandEffector({
        executor,
        egress,
        show,
        labelOfMounts: (mounts) => labels.ofMounts(mounts),
        commandWrote: (...ran) => labels.commandWrote(...ran),
      }),
    ],
    ...fileEffectors({
      executor,
      files,
      labelOf: (path, digest) => labels.ofFile(path, digest),
      labelOfFolder: (path) => labels.ofFolder(path),
      labelOfFound: (folder, paths) => labels.ofFound(folder, paths),
      show,
      wrote,
    }),
    ...browserEffectors({ executor, files, show, wrote, ...browsing(given, helpers) }),
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

function webDeps({ loaded, env, clock }: WireUp, { egress }: Helpers): WebDeps {
  const { search } = webSettings(loaded.config, env);
  return {
    egress,
    fetcher: createWebFetcher({ clock }),
    pages: createPageReader({ clock }),
    search: createWebSearch({
      fetch: createNet().fetchFor({ kind: "origin", origin: SEARCH_ORIGIN }),
      key: search.enabled ? search.apiKey : null,
    }),
  };
}
