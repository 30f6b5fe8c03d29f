import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../core/json.ts";
import { sha256 } from "../../core/json.ts";
import type { Label } from "../../core/label.ts";
import type { FileLabelStore, StateStore } from "../../core/ports/store.ts";
import type { PathFact } from "../../core/call.ts";
import { createFileLabels, type FolderTrust } from "./files.ts";

function labelled(trust: Label["trust"]): Label {
  return { trust, confidentiality: "private", audience: { kind: "persons", persons: ["owner"] }, sources: [] };
}

const opaque = { isKnown: false, paths: [] } as const;

function fact(path: string, access: "read" | "write", kind: "file" | "folder" | "absent" = "file"): PathFact {
  const base = {
    pointer: "/command",
    written: path,
    resolved: path,
    access,
    zone: "workspace",
    kind,
    hasCopy: false,
  } as const;
  return kind === "file" ? { ...base, digest } : base;
}

const FOLDERS: readonly FolderTrust[] = [
  { path: "/w", trust: "full", confidentiality: "internal" },
  { path: "/w/inbox", trust: "limited", confidentiality: "private" },
];

function world(folders = FOLDERS) {
  const rows = new Map<string, JsonObject>();
  const files = new Map<string, Label>();
  const state: StateStore = { get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) };
  const labels: FileLabelStore = {
    get: async (path, digest) => files.get(path + digest),
    set: async (path, digest, label) => void files.set(path + digest, label),
  };
  return { rows, labels: createFileLabels({ labels, state, folders, owner: "owner" }) };
}

const digest = sha256("content");

test("R-FLOW-4: a file has the label of its recorded writer, for these bytes only", async () => {
  const { labels } = world();
  await labels.wrote("/w/a", digest, labelled("none"));
  assert.equal((await labels.ofFile("/w/a", digest)).trust, "none");
  assert.equal((await labels.ofFile("/w/a", sha256("edited by a person"))).trust, "full");
});

test("R-FLOW-4: a file that nobody recorded has the label of the nearest folder that the operator named", async () => {
  const { labels } = world();
  assert.equal((await labels.ofFile("/w/a", digest)).trust, "full");
  assert.equal((await labels.ofFile("/w/inbox/mail", digest)).trust, "limited");
  assert.equal((await labels.ofFile("/wide/a", digest)).trust, "none");
});

test("R-FLOW-4: what a command may have written is taken for the command's label from then on", async () => {
  const { labels } = world();
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("none"), opaque);
  assert.equal((await labels.ofFile("/w/new", digest)).trust, "none");
  assert.equal((await labels.ofFolder("/w")).trust, "none");
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), opaque);
  assert.equal((await labels.ofFile("/w/new", digest)).trust, "none", "a later command does not raise it");
});

test("R-FLOW-4: a command that could only read lowers nothing; one under full trust over trusted files lowers nothing either", async () => {
  const { labels } = world([{ path: "/w", trust: "full", confidentiality: "internal" }]);
  await labels.commandWrote([{ path: "/w", access: "read" }], labelled("none"), opaque);
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), opaque);
  assert.equal((await labels.ofFile("/w/a", digest)).trust, "full");
});

test("R-FLOW-4: a stored label that cannot be read is the least there is", async () => {
  const { labels, rows } = world();
  rows.set("folder-floor:/w", { trust: "superb" });
  assert.equal((await labels.ofFile("/w/a", digest)).trust, "none");
});

test("R-FLOW-4: a copy that an understood command made has the label of what it copied, and nothing else is lowered", async () => {
  const { labels } = world();
  const copy = { isKnown: true, paths: [fact("/w/inbox/mail", "read"), fact("/w/copy", "write", "absent")] };
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), copy);
  assert.equal((await labels.ofFile("/w/copy", digest)).trust, "limited");
  assert.equal((await labels.ofFile("/w/copy", digest)).confidentiality, "private");
  assert.equal((await labels.ofFile("/w/other", digest)).trust, "full");
  const twin = { isKnown: true, paths: [fact("/w/a", "read"), fact("/w/b", "write", "absent")] };
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), twin);
  assert.equal((await labels.ofFile("/w/b", digest)).trust, "full");
});

test("R-FLOW-4: a copy of a copy, of a folder, and of what a tool wrote under low trust, is followed", async () => {
  const { labels } = world([{ path: "/w", trust: "full", confidentiality: "internal" }]);
  await labels.wrote("/w/deep/page", sha256("page"), labelled("none"));
  const tar = { isKnown: true, paths: [fact("/w/deep", "read", "folder"), fact("/w/all", "write", "absent")] };
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), tar);
  assert.equal((await labels.ofFile("/w/all", digest)).trust, "none");
  const again = { isKnown: true, paths: [fact("/w/all", "read"), fact("/w/more", "write", "absent")] };
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), again);
  assert.equal((await labels.ofFile("/w/more", digest)).trust, "none");
});

test("R-FLOW-4: a command that was not understood may have copied anything of what it saw into anything", async () => {
  const { labels } = world([{ path: "/w", trust: "full", confidentiality: "internal" }]);
  const copy = { isKnown: true, paths: [fact("/w/copy", "write", "absent")] };
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("none"), copy);
  assert.equal((await labels.ofFile("/w/new", digest)).trust, "full");
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"), opaque);
  assert.equal((await labels.ofFile("/w/new", digest)).trust, "none");
});
