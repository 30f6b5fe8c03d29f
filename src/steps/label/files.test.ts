import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../core/json.ts";
import { sha256 } from "../../core/json.ts";
import type { Label } from "../../core/label.ts";
import type { FileLabelStore, StateStore } from "../../core/ports/store.ts";
import { createFileLabels } from "./files.ts";

function labelled(trust: Label["trust"]): Label {
  return { trust, confidentiality: "private", audience: { kind: "persons", persons: ["owner"] }, sources: [] };
}

function world() {
  const rows = new Map<string, JsonObject>();
  const files = new Map<string, Label>();
  const state: StateStore = { get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) };
  const labels: FileLabelStore = {
    get: async (path, digest) => files.get(path + digest),
    set: async (path, digest, label) => void files.set(path + digest, label),
  };
  const folders = [
    { path: "/w", trust: "full", confidentiality: "internal" },
    { path: "/w/inbox", trust: "limited", confidentiality: "private" },
  ] as const;
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
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("none"));
  assert.equal((await labels.ofFile("/w/new", digest)).trust, "none");
  assert.equal((await labels.ofFolder("/w")).trust, "none");
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"));
  assert.equal((await labels.ofFile("/w/new", digest)).trust, "none", "a later command does not raise it");
});

test("R-FLOW-4: a command that could only read lowers nothing; one under full trust lowers nothing either", async () => {
  const { labels } = world();
  await labels.commandWrote([{ path: "/w", access: "read" }], labelled("none"));
  await labels.commandWrote([{ path: "/w", access: "write" }], labelled("full"));
  assert.equal((await labels.ofFile("/w/a", digest)).trust, "full");
});

test("R-FLOW-4: a stored label that cannot be read is the least there is", async () => {
  const { labels, rows } = world();
  rows.set("folder-floor:/w", { trust: "superb" });
  assert.equal((await labels.ofFile("/w/a", digest)).trust, "none");
});
