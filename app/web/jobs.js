/** Jobs followed to their ends, many at a time without asking the service for all of them at once. */

import { readJob } from "./api.js";

const FINAL = new Set(["done", "failed", "cancelled"]);
const POLL_MS = 1000;
// Browsers open six connections to a host over HTTP/1.1; the rest are for questions and pages.
const STREAMS = 2;
// An archive may hold thousands of files. Most have ended when their turn comes: one call each.
const FOLLOWED = 6;
let openStreams = 0;
let followed = 0;
const waiting = [];

/**
 * Follow a job to its end, calling `onChange(job)` at each change. Returns the last state.
 *
 * Waits for its turn while many are followed. Uses server-sent events for the first few, else (or
 * when they break) asks each second.
 */
export async function followJob(jobId, onChange) {
  if (followed < FOLLOWED) followed += 1;
  else await new Promise((resolve) => waiting.push(resolve));
  try {
    return await toItsEnd(jobId, onChange);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else followed -= 1;
  }
}

async function toItsEnd(jobId, onChange) {
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
      const job = JSON.parse(event.data);
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
