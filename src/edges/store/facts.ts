/**
 * Labels of files, and small facts about the installation.
 *
 * A label of a file is never pruned: with it would go the memory of who wrote
 * those bytes, and the file would rise to the label of its folder.
 *
 * @module
 */
import type { FileLabelStore, StateStore } from "../../core/ports/store.ts";
import type { Database } from "./database.ts";
import { columns, readLabel, readObject, writeJson, writeText } from "./rows.ts";

export function fileLabelPart(db: Database): FileLabelStore {
  return {
    set: async (path, digest, label) =>
      db.write((tx) => {
        tx.run(
          "INSERT INTO file_label (path, digest, label) VALUES (?, ?, ?) ON CONFLICT (path, digest) DO UPDATE SET label = excluded.label",
          writeText(path),
          digest,
          writeJson(label),
        );
      }),
    get: async (path, digest) => {
      const row = db.one("SELECT label FROM file_label WHERE path = ? AND digest = ?", writeText(path), digest);
      return row === undefined ? undefined : readLabel(columns(row).text("label"));
    },
  };
}

export function statePart(db: Database): StateStore {
  return {
    get: async (key) => {
      const row = db.one("SELECT value FROM state WHERE key = ?", key);
      return row === undefined ? undefined : readObject(columns(row).text("value"));
    },
    set: async (key, value) =>
      db.write((tx) => {
        tx.run(
          "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
          writeText(key),
          writeJson(value),
        );
      }),
  };
}
