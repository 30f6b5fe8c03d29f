/**
 * A report as one page: no scripts, nothing fetched. What was seen may have
 * been written by a stranger, so every text is escaped.
 *
 * @module
 */
import { SEVERITIES } from "../../../core/finding.ts";
import { type OpenFinding, type Report, summaryOf } from "../report.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML; what is not to be seen stands as its code point. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (letter) => ESCAPES[letter] ?? "")
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}article{border:1px solid #d0d7de;border-left-width:6px;padding:.6rem 1rem;margin:.8rem 0}
article.critical{border-left-color:#8b0000}article.high{border-left-color:#cf222e}article.medium{border-left-color:#bf8700}article.low{border-left-color:#0969da}article.info{border-left-color:#8c959f}
h3{font-size:1rem;margin:0}code,li{font-family:ui-monospace,monospace;font-size:.85rem;overflow-wrap:anywhere}p{margin:.3rem 0}small{color:#57606a}table{border-collapse:collapse}td,th{border:1px solid #d0d7de;padding:.2rem .6rem;text-align:left}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}article,td,th{border-color:#30363d}small{color:#8d96a0}}`;

export function htmlOf(report: Report): string {
  const summary = summaryOf(report);
  const cells = [...SEVERITIES, "accepted" as const];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer"><title>Security audit of ${escapeHtml(report.target)}</title>
<style>${STYLE}</style></head><body>
<h1>Security audit of ${escapeHtml(report.target)}</h1>
<p><small>${new Date(report.atMs).toISOString()}, form ${report.form}: ${report.ran.length} checks ran, ${report.leftOut.length} left out</small></p>
<table><tr>${cells.map((name) => `<th>${name}</th>`).join("")}</tr><tr>${cells.map((name) => `<td>${summary[name]}</td>`).join("")}</tr></table>
${sinceOf(report)}${SEVERITIES.map((severity) =>
  section(
    severity,
    report.open.filter((one) => one.severity === severity),
  ),
).join("")}${acceptedOf(report)}
</body></html>
`;
}

function sinceOf({ difference }: Report): string {
  if (difference === null) return "<p>There was no run before.</p>\n";
  const list = (ids: readonly string[]): string =>
    ids.length === 0 ? "nothing" : ids.map((id) => `<code>${escapeHtml(id)}</code>`).join(", ");
  return `<p>Since ${new Date(difference.sinceMs).toISOString()}: new ${list(difference.fresh)}; gone ${list(difference.gone)}.</p>\n`;
}

function section(severity: string, findings: readonly OpenFinding[]): string {
  if (findings.length === 0) return "";
  return `<h2>${severity} (${findings.length})</h2>\n${findings.map(articleOf).join("\n")}\n`;
}

function articleOf({ id, severity, title, places, why, fix, references, deadlineMs }: OpenFinding): string {
  const by = deadlineMs === null ? "" : ` · mend by ${new Date(deadlineMs).toISOString().slice(0, 10)}`;
  return `<article class="${severity}"><h3>${escapeHtml(title)}</h3><small><code>${escapeHtml(id)}</code>${by}</small>
<ul>${places.map((place) => `<li>${escapeHtml(place)}</li>`).join("")}</ul>
<p>${escapeHtml(why)}</p><p><strong>Fix:</strong> ${escapeHtml(fix)}</p><small>${escapeHtml(references.join(" · "))}</small></article>`;
}

function acceptedOf({ accepted }: Report): string {
  if (accepted.length === 0) return "";
  const rows = accepted.map(
    ({ finding, risk }) =>
      `<tr><td><code>${escapeHtml(finding.id)}</code></td>${[risk.owner, risk.reason, risk.control, risk.until].map((text) => `<td>${escapeHtml(text ?? "")}</td>`).join("")}</tr>`,
  );
  return `<h2>accepted (${accepted.length})</h2><table><tr><th>check</th><th>owner</th><th>reason</th><th>instead</th><th>until</th></tr>${rows.join("")}</table>`;
}
