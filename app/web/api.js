/** The HTTP calls of the page. Addresses are relative, so the service may live under any path. */

import { serverEvents } from "./events.js";

const FINAL = new Set(["done", "failed", "cancelled"]);
const POLL_MS = 1000;
// Browsers open six connections to a host over HTTP/1.1; the rest are for questions and pages.
const STREAMS = 2;
let openStreams = 0;

/** Why a call brought no result. `status` 0: the service could not be reached or fell silent. */
export class Problem extends Error {
  constructor({ status, title = "", detail = "", code = "", trace = "", retryAfter = null }) {
    super(detail || title || `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.code = code;
    this.trace = trace;
    this.retryAfter = retryAfter;
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
 * Send one file. Returns its entry of the response: `{document_id, job_id, status, duplicate_of?}`.
 *
 * XMLHttpRequest, because fetch reports nothing about how much has been sent. `onSent`: 0–1.
 */
export function uploadFile(file, collection, onSent) {
  const form = new FormData();
  form.append("file", file, file.name);
  form.append("collection", collection);
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
      if (accepted) resolve(body.documents[0]);
      else reject(toProblem(request.status, body, request.getResponseHeader("Retry-After")));
    };
    request.send(form);
  });
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
 * Follow a job to its end, calling `onChange(job)` at each change. Returns the last state.
 *
 * Uses server-sent events while few files are followed, else (or when they break) asks each second.
 */
export async function followJob(jobId, onChange) {
  if (openStreams < STREAMS) {
    openStreams += 1;
    try {
      const last = await streamJob(jobId, onChange);
      if (last !== null) return last;
    } finally {
      openStreams -= 1;
    }
  }
  return pollJob(jobId, onChange);
}

function streamJob(jobId, onChange) {
  return new Promise((resolve) => {
    const source = new EventSource(`jobs/${encodeURIComponent(jobId)}/events`);
    const finish = (last) => {
      source.close();
      resolve(last);
    };
    source.addEventListener("job", (event) => {
      const job = parseJson(event.data);
      if (job === null) return;
      onChange(job);
      if (FINAL.has(job.state)) finish(job);
    });
    source.onerror = () => finish(null);
  });
}

async function pollJob(jobId, onChange) {
  let silent = 0;
  for (;;) {
    try {
      const job = await readJob(jobId);
      silent = 0;
      onChange(job);
      if (FINAL.has(job.state)) return job;
    } catch (problem) {
      silent += 1;
      // Ingestion goes on without us, so a restart of the service is worth waiting for.
      const passing = problem.status === 0 || problem.status >= 500 || problem.status === 429;
      if (!passing || silent > 30) throw problem;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
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

function translate(error) {
  if (error.name === "AbortError") throw error;
  throw new Problem({ status: 0 });
}

async function call(address, options = {}) {
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
  });
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
