/** The HTTP calls of the page. Addresses are relative, so the service may live under any path. */

import { serverEvents } from "./events.js";

/**
 * Why a call brought no result. `status` 0: the service could not be reached or fell silent.
 *
 * files: of several that were all rejected, the entry of each. errors: what is wrong with a body,
 * `{loc, msg}` each.
 */
export class Problem extends Error {
  constructor({ status, title = "", detail = "", code = "", trace = "", retryAfter = null, files = [], errors = [] }) {
    super(detail || title || `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.code = code;
    this.trace = trace;
    this.retryAfter = retryAfter;
    this.files = files;
    this.errors = errors;
  }
}

/** Return one page of a collection's documents: `{documents, total}`. */
export async function listDocuments(collection, offset, limit) {
  const query = new URLSearchParams({ collection, offset, limit });
  return (await call(`documents?${query}`)).json();
}

/** Return the names of all collections that hold documents. */
export async function listCollections() {
  const query = new URLSearchParams({ offset: 0, limit: 200 });
  const { documents } = await (await call(`documents?${query}`)).json();
  return [...new Set(documents.map((document) => document.collection))];
}

/** Return `{document_id, revision, title, text, blocks}`; spans are code points of `text`. */
export async function readDocument(documentId) {
  return (await call(`documents/${encodeURIComponent(documentId)}/text`)).json();
}

/**
 * Return one page of a document's chunks, in order: `{chunks, total}`.
 *
 * A chunk: `{revision, ordinal, start, end, page, heading_path, text, keys, coherence}`; spans, also
 * those of its keys, are code points of the document's text. coherence: score every border.
 */
export async function listChunks(documentId, offset, limit, coherence = true) {
  const query = new URLSearchParams({ offset, limit, coherence });
  return (await call(`documents/${encodeURIComponent(documentId)}/chunks?${query}`)).json();
}

/** Return the texts of a document's first `limit` chunks. */
export async function readChunks(documentId, limit) {
  const { chunks } = await listChunks(documentId, 0, limit, false);
  return chunks.map((chunk) => chunk.text);
}

/** Return the address of a document's original bytes. */
export function sourceAddress(documentId) {
  return `documents/${encodeURIComponent(documentId)}/source`;
}

/** Remove a document; one that is already gone counts as removed. */
export async function deleteDocument(documentId) {
  try {
    await call(`documents/${encodeURIComponent(documentId)}`, { method: "DELETE" });
  } catch (problem) {
    if (problem.status !== 404) throw problem;
  }
}

/**
 * Send one file. Returns `[{name, job_id, status, duplicate_of?, code?, reason?}]`: its entry of the
 * response, or those of the files in it where it is an archive.
 *
 * password: opens it, or empty. onSent(0–1): XMLHttpRequest, because fetch reports nothing about how
 * much has been sent.
 */
export function uploadFile(file, { collection, password }, onSent) {
  const form = new FormData();
  form.append("file", file, file.name);
  form.append("collection", collection);
  if (password) form.append("password", password);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "ingest");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    };
    request.onerror = () => reject(new Problem({ status: 0 }));
    request.onload = () => {
      const body = parseJson(request.responseText);
      const accepted = request.status < 300 && body?.documents?.length > 0;
      if (accepted) resolve(body.documents);
      else reject(toProblem(request.status, body, request.getResponseHeader("Retry-After")));
    };
    request.send(form);
  });
}

/** Search as a question is answered from: `{hits, timings_ms, documents}`. request: with its history. */
export function search(request) {
  return post("search", request);
}

/** Return what became of an expected passage in that search: `{title, stages, lost_at, advice, …}`. */
export function explain(request) {
  return post("explain", request);
}

/** Return the present state of a job. */
export async function readJob(jobId) {
  return (await call(`jobs/${encodeURIComponent(jobId)}`)).json();
}

/** Ask that a job stop; one that has ended or is gone needs no stopping. */
export async function cancelJob(jobId) {
  try {
    await call(`jobs/${encodeURIComponent(jobId)}`, { method: "DELETE" });
  } catch (problem) {
    if (problem.status !== 404 && problem.status !== 409) throw problem;
  }
}

/**
 * Ask a question and hand each event to `on[event](data)`. Returns the final answer object.
 *
 * Raises Problem for a refused request, an `error` event, or a stream that ends before `done`;
 * an AbortError when `signal` fires.
 */
export async function ask(request, signal, on) {
  const response = await call("ask", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ ...request, stream: true }),
    signal,
  });
  const events = serverEvents(response.body);
  for (;;) {
    const { done, value } = await events.next().catch(translate);
    if (done) throw new Problem({ status: 0 });
    const body = parseJson(value.data);
    if (value.event === "error") throw toProblem(body?.status ?? 500, body, null);
    if (body === null) continue;
    if (value.event === "done") {
      await events.return();
      return body;
    }
    on[value.event]?.(body);
  }
}

async function post(address, request) {
  return (await send(address, "POST", request)).json();
}

/** Send a body as JSON and return the response. Raises Problem. */
export function send(address, method, body) {
  const headers = { "Content-Type": "application/json" };
  return call(address, { method, headers, body: JSON.stringify(body) });
}

function translate(error) {
  if (error.name === "AbortError") throw error;
  throw new Problem({ status: 0 });
}

/** Return the response of a call that went well. Raises Problem. */
export async function call(address, options = {}) {
  const response = await fetch(address, options).catch(translate);
  if (response.ok) return response;
  const body = parseJson(await response.text().catch(() => ""));
  throw toProblem(response.status, body, response.headers.get("Retry-After"));
}

function toProblem(status, body, retryAfter) {
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return new Problem({
    status,
    title: asText(body?.title),
    detail: asText(body?.detail),
    code: asText(body?.code),
    trace: asText(body?.trace_id),
    retryAfter: Number.isNaN(seconds) ? null : seconds,
    files: body?.code === "all_files_rejected" ? body.errors.map(rejectedFile) : [],
    errors: Array.isArray(body?.errors) ? body.errors : [],
  });
}

/** Return an entry of the problem of many files in the form that /ingest gives it in else. */
function rejectedFile({ loc, msg, code }) {
  return { name: String(loc.at(-1)), job_id: null, status: "rejected", code, reason: msg };
}

function asText(value) {
  return typeof value === "string" ? value : "";
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
