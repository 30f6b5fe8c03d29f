/**
 * The part of the configuration that checks read, with defaults filled in. The
 * configuration's own type has this form; `app` hands it over.
 *
 * @module
 */

export type AcceptedRisk = {
  readonly check: string;
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  /** What holds instead. */
  readonly control?: string | undefined;
  /** The last day, `YYYY-MM-DD`. */
  readonly until?: string | undefined;
  /** Only these places; absent: whatever the check sees. */
  readonly places?: readonly string[] | undefined;
};

type Used = { readonly tokens: number; readonly toolCalls: number; readonly seconds: number };

type Credential = {
  readonly secret: string;
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly places: readonly string[];
};

type Declaration = {
  readonly effect?: string | undefined;
  readonly arguments: Readonly<Record<string, { readonly role: string }>>;
  readonly returns: { readonly trust: string; readonly confidentiality: string };
  readonly directory: boolean;
};

export type Settings = {
  readonly gateway: {
    readonly mode: string;
    readonly bind: string;
    readonly customBindHost?: string | undefined;
    readonly port: number;
    readonly trustedProxies: readonly string[];
    readonly allowedHosts: readonly string[];
  };
  readonly channels: Readonly<Record<string, { readonly enabled: boolean }>>;
  readonly tools: {
    readonly fs: { readonly allowedPaths: readonly string[] };
    readonly declarations: Readonly<Record<string, Declaration>>;
  };
  readonly agents: {
    readonly defaults: {
      readonly workspace: string;
      readonly model?: { readonly primary: string; readonly fallbacks: readonly string[] } | undefined;
      readonly sandbox: {
        readonly backend: string;
        readonly container?: { readonly socket: string; readonly runtime?: string | undefined } | undefined;
        readonly memoryMb: number;
      };
      readonly budgets: {
        readonly turn: { readonly money?: number | undefined };
        readonly day: Used;
      };
    };
  };
  readonly models: {
    readonly providers: Readonly<Record<string, { readonly baseURL?: string | undefined }>>;
    readonly prices: Readonly<Record<string, unknown>>;
  };
  readonly people: Readonly<Record<string, { readonly trust: string; readonly roles: readonly string[] }>>;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly egress: { readonly credentials: Readonly<Record<string, Credential>> };
  readonly folders: readonly { readonly path: string; readonly trust: string; readonly confidentiality: string }[];
  readonly audit: {
    readonly accepted: readonly AcceptedRisk[];
    /** Days from the first sight of a finding. */
    readonly deadlineDays: {
      readonly critical: number;
      readonly high: number;
      readonly medium: number;
      readonly low: number;
    };
  };
};
