/** The status line: which model answers, what is ready, and whether anything happens at all. @module */

/**
 * @param {import("./elements.js").Elements} elements
 * @param {ReturnType<typeof import("./connection.js").createSession>} session
 * @param {import("./standing.js").Standing} standing
 */
export function createStatus({ at, tell }, session, standing) {
  return async () => {
    const [me, ready] = await Promise.all([session.call("GET", "/api/me"), session.call("GET", "/readyz")]);
    if (!me.ok) return;
    const { model, halted, permissions } = me.answer;
    tell("status-model", describe(model));
    tell("status-ready", ready.answer.ready ? "ready" : `not ready: ${ready.answer.missing.join(", ")}`);
    at("status-ready").className = ready.answer.ready ? "ok" : "failed";
    standing.heard({ halted, mayOperate: permissions.includes("operate") });
  };
}

/** @param {{ provider: string, model: string, remote: boolean }} model */
function describe(model) {
  if (model.provider === "offline") return "offline model: a small planner, not an AI model";
  return `${model.provider} ${model.model}, ${model.remote ? "remote" : "on this machine"}`;
}
