/** Files on their way in: sent two at a time, followed to the end, kept in sight when they fail. */

import { cancelJob, followJob, uploadFile } from "./api.js";
import { announce, byId } from "./dom.js";
import { problemText } from "./problems.js";
import { recall, remember } from "./remembered.js";
import { createUploadRow } from "./upload_row.js";

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
    for (const file of files) enter(file.name, collection, file, null, "waiting");
    pump();
  }

  function enter(name, collection, file, jobId, state) {
    const item = { name, collection, file, jobId, state };
    item.row = createUploadRow(name, {
      retryKey: () => (item.file ? "retry" : "chooseAgain"),
      onRetry: () => retry(item),
      onCancel: () => cancel(item),
      onDismiss: () => remove([item]),
    });
    items.push(item);
    byId("upload-list").append(item.row.element);
    show(item, { state });
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
    const onSent = (progress) => show(item, { state: "sending", progress });
    let accepted;
    try {
      accepted = await uploadFile(item.file, item.collection, onSent);
    } catch (problem) {
      show(item, { state: "failed", problem });
      return;
    }
    if (accepted.status === "duplicate") {
      show(item, { state: "duplicate", duplicateOf: titleOf(accepted.duplicate_of) });
      return;
    }
    if (accepted.status === "rejected") {
      show(item, { state: "failed", code: accepted.code, reason: accepted.reason });
      return;
    }
    item.jobId = accepted.job_id;
    show(item, { state: "queued" });
    // Not awaited: the next file may be sent while this one is being read.
    follow(item);
  }

  async function follow(item) {
    try {
      await followJob(item.jobId, (job) =>
        show(item, {
          state: job.state,
          stage: job.stage,
          progress: job.progress,
          eta: job.eta_seconds,
          code: job.reason_code,
          reason: job.reason,
        }),
      );
    } catch (problem) {
      show(item, { state: "failed", problem });
    }
    if (item.state === "done") onIngested(item.collection);
  }

  function show(item, status) {
    item.state = status.state;
    item.row.show(status);
    changed();
  }

  function retry(item) {
    if (item.file) {
      show(item, { state: "waiting" });
      pump();
      return;
    }
    replaced = item;
    picker.click();
  }

  async function cancel(item) {
    if (item.state === "waiting") {
      show(item, { state: "cancelled" });
      return;
    }
    try {
      // Whoever follows the job shows that it has stopped.
      await cancelJob(item.jobId);
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
    const jobs = items
      .filter((item) => item.jobId !== null && (item.state === "queued" || item.state === "running"))
      .map(({ jobId, name, collection }) => ({ jobId, name, collection }));
    remember("jobs", JSON.stringify(jobs), "sessionStorage");
  }

  byId("uploads-clear").addEventListener("click", () => remove(finished()));
  picker.addEventListener("cancel", () => {
    replaced = null;
  });
  for (const { jobId, name, collection } of JSON.parse(recall("jobs", "sessionStorage") ?? "[]")) {
    follow(enter(name, collection, null, jobId, "queued"));
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
