/**
 * Which folder may know which. `scripts/imports.ts` runs this, counts the
 * files that were read, and plants violations to show that each rule bites.
 */
const siblings = (folder) => ({
  name: `${folder}-know-no-sibling`,
  severity: "error",
  comment: `${folder} meet only through ports in core, joined in app/wire-up`,
  from: { path: `^src/${folder}/([^/]+)/` },
  to: {
    path: `^src/${folder}/([^/]+)/`,
    pathNot: [`^src/${folder}/$1/`, ...(folder === "edges" ? ["^src/edges/net/"] : [])],
  },
});

/** `from` may import only these folders of ours. */
const only = (name, from, allowed, notFrom) => ({
  name,
  severity: "error",
  from: { path: from, pathNot: ["\\.test\\.ts$", ...(notFrom ?? [])] },
  to: { path: "^(src|web|demo|test|bench|scripts)/", pathNot: allowed },
});

/** Fakes and fixtures: for tests alone. */
const TESTING = "/(testing|fixture|fixtures)\\.ts$";

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "not-resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    only("core-is-pure", "^src/core/", ["^src/core/"]),
    {
      name: "core-has-no-npm",
      severity: "error",
      from: { path: "^src/core/", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional"] },
    },
    siblings("steps"),
    siblings("edges"),
    siblings("ops"),
    only("ops-know-core-ledger-and-wire", "^src/ops/", [
      "^src/core/",
      "^src/ledger/",
      "^src/ops/",
      "^src/tools/",
      "^src/wire/",
    ]),
    only("steps-know-core-and-tools", "^src/steps/", ["^src/core/", "^src/tools/", "^src/steps/", "^src/wire/"]),
    only("edges-know-core", "^src/edges/", ["^src/core/", "^src/edges/", "^src/wire/"]),
    only("ledger-knows-core", "^src/ledger/", ["^src/core/", "^src/ledger/"]),
    only("tools-know-core", "^src/tools/", ["^src/core/", "^src/tools/"]),
    only("wire-knows-core", "^src/wire/", ["^src/core/", "^src/wire/"]),
    only("order-knows-core", "^src/(pipeline|gate)\\.ts$", ["^src/core/", "^src/gate\\.ts$"]),
    only("demo-is-apart", "^demo/", ["^demo/"]),
    { name: "nothing-knows-demo", severity: "error", from: { path: "^src/" }, to: { path: "^demo/" } },
    {
      name: "nothing-knows-app",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(app|cli)/" },
      to: { path: "^src/(app|cli)/" },
    },
    {
      name: "programs-start-in-broker-and-lifecycle",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/edges/broker/", "^src/app/lifecycle", "\\.test\\.ts$"] },
      to: { path: "^(node:)?(child_process|cluster)$" },
    },
    {
      name: "connections-in-net",
      severity: "error",
      comment:
        "outgoing connections are made by edges/net and the egress proxy; edges/http listens; helpers use the socket they were born with",
      from: {
        path: "^src/",
        pathNot: [
          "^src/edges/(net|egress|http|broker)/",
          "^src/ledger/writer",
          "^src/app/lifecycle",
          // `isIP` and `BlockList`: words about addresses, no connection.
          "^src/app/config/hosts",
          // The sink of the demo listens on loopback; it connects to nothing.
          "^src/app/demo",
          "\\.test\\.ts$",
          TESTING,
        ],
      },
      to: {
        path: ["^(node:)?(net|http|https|http2|tls|dgram|dns|dns/promises)$", "node_modules/(undici|ws)/"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "testing-in-tests-only",
      severity: "error",
      from: { pathNot: ["\\.test\\.ts$", "^(test|bench|scripts)/", TESTING] },
      to: { path: TESTING },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".mjs", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
