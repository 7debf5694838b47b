// The one place that talks to the server. In: what is asked. Out: its answer, or an ApiFault that says what to do next.

const LONG_MS = 60_000;

export class ApiFault extends Error {
  // kind: "away" (nobody answers: try again), "signed_out", "stale" (somebody was faster), "refused" (the sentence says why).
  constructor(kind, status, problem) {
    super(problem.detail || `HTTP ${status}`);
    this.kind = kind;
    this.status = status;
    this.code = problem.code || "";
    this.problem = problem;
  }
}

async function ask(method, path, { body, file, revision, signal, wait = LONG_MS } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (file) headers["Content-Type"] = "application/octet-stream";
  if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
  const limit = AbortSignal.timeout(wait);
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, body: body === undefined ? file : JSON.stringify(body), credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal && signal.aborted) throw error;
    throw new ApiFault("away", 0, { detail: error.message });
  }
  const text = await answer.text();
  const data = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : { detail: text.slice(0, 300) };
  if (answer.ok) return data;
  const kinds = { 401: "signed_out", 412: "stale", 502: "away", 503: "away", 504: "away" };
  if (answer.status === 401) window.dispatchEvent(new Event("signedout"));
  throw new ApiFault(kinds[answer.status] || "refused", answer.status, data);
}

const plan = (id, part = "") => `/v1/plans/${encodeURIComponent(id)}${part}`;

export const api = {
  board: (id) => ask("GET", plan(id, "/board")),
  plan: (id) => ask("GET", plan(id)),
  edit: (id, revision, op) => ask("POST", plan(id, "/edits"), { body: op, revision }),
  undo: (id, revision) => ask("POST", plan(id, "/undo"), { revision }),
  redo: (id, revision) => ask("POST", plan(id, "/redo"), { revision }),
  editsAfter: (id, revision, wait, signal) => ask("GET", plan(id, `/edits?after=${revision}&wait=${wait}`), { signal }),
  suggest: (id, request, signal) => ask("POST", plan(id, "/suggestions"), { body: request, signal }),
  explain: (id) => ask("GET", plan(id, "/explanations")),
  compare: (id, other) => ask("GET", plan(id, `/compare?with=${encodeURIComponent(other)}`)),
  submit: (id) => ask("POST", plan(id, "/submit")),
  approve: (id) => ask("POST", plan(id, "/approve")),
  reject: (id, reason) => ask("POST", plan(id, "/reject"), { body: { reason } }),
  reopen: (id) => ask("POST", plan(id, "/reopen")),
  comments: (id) => ask("GET", plan(id, "/comments")),
  comment: (id, body) => ask("POST", plan(id, "/comments"), { body }),
  history: (id) => ask("GET", plan(id, "/history")),
  publish: (id, accept, from) => ask("POST", plan(id, "/publish"), { body: { accept, ...(from && { valid_from: from }) } }),
  withdraw: (id) => ask("POST", plan(id, "/withdraw")),
  plans: (community) => ask("GET", `/v1/plans?community=${encodeURIComponent(community)}`),
  editions: (community) => ask("GET", `/v1/editions?community=${encodeURIComponent(community)}`),
  importGrids: (query, file, signal) => ask("POST", `/v1/plans/import?${new URLSearchParams(query)}`, { file, signal, wait: 180_000 }),
  draw: (community, from, more = {}) => ask("POST", "/v1/plans", { body: { community, from, ...more } }),
};
