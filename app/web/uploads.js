/** Files on their way in: sent two at a time, followed to the end, kept in sight when they fail. */

import { cancelJob, uploadFile } from "./api.js";
import { announce, byId } from "./dom.js";
import { followJob } from "./jobs.js";
import { problemText } from "./problems.js";
import { recall, remember } from "./remembered.js";
import { createUploadRow } from "./upload_row.js";
import { archiveStatus, isPending } from "./upload_status.js";

const SENDERS = 2;

/**
 * Run the upload list of the page.
 *
 * onIngested(collection): a file became searchable. titleOf(documentId): its title, or null.
 * Returns `add(files, collection)`.
 */
export function createUploads({ onIngested, titleOf }) {
  const picker = byId("files");
  let items = [];
  let senders = 0;
  let replaced = null;

  function add(files, collection) {
    for (const file of files) enter(file.name, collection, file);
    pump();
  }

  /** item.parts: what the service made of the file, one, or those of an archive. */
  function enter(name, collection, file) {
    const item = { name, collection, file, password: "", parts: [], isArchive: false, state: "" };
    item.row = createUploadRow(name, {
      retryKey: () => (item.file ? "retry" : "chooseAgain"),
      canUnlock: () => item.file !== null,
      onRetry: () => retry(item),
      onUnlock: (password) => {
        item.password = password;
        retry(item);
      },
      onCancel: () => cancel(item),
      onDismiss: () => remove([item]),
    });
    items.push(item);
    byId("upload-list").append(item.row.element);
    if (file) show(item, { state: "waiting" });
    return item;
  }

  function pump() {
    while (senders < SENDERS) {
      const item = items.find((candidate) => candidate.state === "waiting");
      if (!item) return;
      senders += 1;
      show(item, { state: "sending" });
      send(item).finally(() => {
        senders -= 1;
        pump();
      });
    }
  }

  async function send(item) {
    const { collection, password } = item;
    // Kept no longer than it waits to be sent.
    item.password = "";
    const onSent = (progress) => show(item, { state: "sending", progress });
    try {
      receive(item, await uploadFile(item.file, { collection, password }, onSent));
    } catch (problem) {
      if (problem.files?.length > 1) receive(item, problem.files);
      else show(item, { state: "failed", problem });
    }
  }

  function receive(item, entries) {
    item.isArchive = entries.length > 1;
    hold(
      item,
      entries.map((entry) => ({ name: entry.name, jobId: entry.job_id, status: firstStatus(entry) })),
    );
  }

  function firstStatus({ status, duplicate_of: original, code, reason }) {
    if (status === "duplicate") return { state: "duplicate", duplicateOf: titleOf(original) };
    if (status === "rejected") return { state: "failed", code, reason };
    return { state: "queued" };
  }

  function hold(item, parts) {
    item.parts = parts;
    if (item.isArchive) {
      item.row.parts.start(parts.length);
      for (const part of parts) item.row.parts.show(part);
    }
    show(item, statusOf(item));
    // Not awaited: the next file may be sent while these are being read.
    for (const part of parts) if (isPending(part.status.state)) follow(item, part);
  }

  async function follow(item, part) {
    try {
      await followJob(part.jobId, (job) =>
        showPart(item, part, {
          state: job.state,
          stage: job.stage,
          progress: job.progress,
          eta: job.eta_seconds,
          code: job.reason_code,
          reason: job.reason,
        }),
      );
    } catch (problem) {
      showPart(item, part, { state: "failed", problem });
    }
    if (part.status.state === "done") onIngested(item.collection);
  }

  function showPart(item, part, status) {
    const moved = part.status.state !== status.state;
    part.status = status;
    if (item.isArchive) item.row.parts.show(part);
    show(item, statusOf(item), moved);
  }

  function statusOf({ isArchive, parts }) {
    return isArchive ? archiveStatus(parts.map((part) => part.status)) : parts[0].status;
  }

  function show(item, status, moved = true) {
    item.state = status.state;
    item.row.show(status);
    if (moved) changed();
  }

  function retry(item) {
    if (item.file) {
      item.parts = [];
      item.row.parts.start(0);
      show(item, { state: "waiting" });
      pump();
      return;
    }
    replaced = item;
    picker.click();
  }

  async function cancel(item) {
    if (item.state === "waiting") {
      item.password = "";
      show(item, { state: "cancelled" });
      return;
    }
    try {
      // Whoever follows a job shows that it has stopped.
      for (const part of item.parts.filter(({ status }) => isPending(status.state))) {
        await cancelJob(part.jobId);
      }
    } catch (problem) {
      announce(problemText(problem));
    }
  }

  function remove(gone) {
    items = items.filter((item) => !gone.includes(item));
    for (const item of gone) item.row.element.remove();
    byId("choose-files").focus();
    changed();
  }

  function finished() {
    return items.filter((item) => item.state === "done" || item.state === "duplicate");
  }

  function changed() {
    byId("uploads").hidden = items.length === 0;
    byId("uploads-clear").hidden = finished().length === 0;
    // Kept, so that a reload of the page goes on following what is under way.
    const under = items.map(({ name, collection, isArchive, parts }) => ({
      name,
      collection,
      isArchive,
      jobs: parts.filter(({ status }) => isPending(status.state)).map((part) => [part.name, part.jobId]),
    }));
    remember("uploads", JSON.stringify(under.filter(({ jobs }) => jobs.length > 0)), "sessionStorage");
  }

  byId("uploads-clear").addEventListener("click", () => remove(finished()));
  picker.addEventListener("cancel", () => {
    replaced = null;
  });
  for (const { name, collection, isArchive, jobs } of JSON.parse(recall("uploads", "sessionStorage") ?? "[]")) {
    const item = enter(name, collection, null);
    item.isArchive = isArchive;
    hold(
      item,
      jobs.map(([title, jobId]) => ({ name: title, jobId, status: { state: "queued" } })),
    );
  }

  return {
    add(files, collection) {
      const target = replaced?.collection ?? collection;
      if (replaced) remove([replaced]);
      replaced = null;
      add(files, target);
    },
  };
}
