/**
 * What moving from another system comes to, before anything is done: shown to
 * a person, then carried out step by step.
 *
 * @module
 */
import type { JsonValue } from "./json.ts";

/** A key of our configuration, with the place that it comes from. */
export type MigratedSetting = { readonly path: string; readonly value: JsonValue; readonly from: string };

/** A text that becomes memory. Nobody knows who wrote it: its trust is none. */
export type MigratedNote = { readonly agent: string; readonly path: string; readonly name: string };

export type MigratedSchedule = {
  readonly agent: string;
  readonly name: string;
  /** Cron expression, or an ISO 8601 instant for once. */
  readonly when: string;
  readonly text: string;
};

/** A folder that is copied aside and never loaded by itself. */
export type MigratedSkill = { readonly name: string; readonly folder: string; readonly digest: string };

/** Of a secret its name and place; the value goes from there straight into the vault. */
export type MigratedSecret = {
  /** What the vault calls it: `anthropic_api_key`. */
  readonly name: string;
  /** `store:NAME`, `profile:ID` or `config:KEY.KEY`. */
  readonly from: string;
  /** Hosts that it was bound to there. */
  readonly hosts: readonly string[];
  /** The provider of models whose key it is. */
  readonly provider?: string;
};

export type Left = { readonly what: string; readonly why: string };

export type Migration = {
  readonly settings: readonly MigratedSetting[];
  readonly notes: readonly MigratedNote[];
  readonly schedules: readonly MigratedSchedule[];
  readonly skills: readonly MigratedSkill[];
  readonly secrets: readonly MigratedSecret[];
  readonly left: readonly Left[];
};
