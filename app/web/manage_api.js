/** The HTTP calls of the pages of scripts, policy and audit. */

import { call, send } from "./api.js";

const at = (...parts) => parts.map(encodeURIComponent).join("/");

/** Return the names of all collections that there are, by name. */
export async function readCollections() {
  const { collections } = await (await call("collections")).json();
  return collections.map(({ name }) => name);
}

/** Return one page of scripts, `{scripts, total}`; wanted: the filters, those left empty do not count. */
export async function listScripts(wanted, offset, limit) {
  return (await call(`scripts?${query({ ...wanted, offset, limit })}`)).json();
}

/** Return the address of the scripts that fit `wanted` as a file. */
export function exportAddress(wanted, format) {
  return `scripts/export?${query({ ...wanted, format })}`;
}

/** Store a new script, or the next version of the one whose `version` was edited. */
export async function saveScript(script, known) {
  if (known === null) return (await send("scripts", "POST", script)).json();
  const body = { ...script, version: known.version };
  return (await send(`scripts/${at(known.script_id)}`, "PUT", body)).json();
}

/** Delete a script with all its versions. */
export async function deleteScript(scriptId) {
  await call(`scripts/${at(scriptId)}`, { method: "DELETE" });
}

/** Return all versions of a script, newest first. */
export async function scriptVersions(scriptId) {
  return (await (await call(`scripts/${at(scriptId)}/versions`)).json()).versions;
}

/** Take in a file of scripts: `{rows, stored, unchanged, errors, dry_run}`. */
export async function importScripts(file, { partial, dryRun }) {
  const form = new FormData();
  form.append("file", file, file.name);
  const options = { method: "POST", body: form };
  return (await call(`scripts/import?${query({ partial, dry_run: dryRun })}`, options)).json();
}

/** Take in the scripts that ship with the service. */
export async function importStarter() {
  return (await call("scripts/import-starter", { method: "POST" })).json();
}

/** Hold a sentence against scripts and policy: `{matches, verdict}`. */
export async function matchSentence(body) {
  return (await send("scripts/match", "POST", body)).json();
}

/** Return the policy in force. */
export async function readPolicy(collection) {
  return (await call(`collections/${at(collection)}/policy`)).json();
}

/** Return all policies that a collection had, newest first. */
export async function policyVersions(collection) {
  return (await (await call(`collections/${at(collection)}/policy/versions`)).json()).versions;
}

/** Put a policy in force. */
export async function savePolicy(collection, policy) {
  return (await send(`collections/${at(collection)}/policy`, "PUT", policy)).json();
}

/** Return the rules in force: `{version, rules}`. */
export async function readRules(collection) {
  return (await call(`collections/${at(collection)}/rules`)).json();
}

/** Put a rule file in force; a Problem names all that is wrong with it. */
export async function saveRules(collection, rules) {
  return (await send(`collections/${at(collection)}/rules`, "PUT", rules)).json();
}

/** Return one page of the audit, newest first: `{entries, total}`. */
export async function listAudit(wanted, offset, limit) {
  return (await call(`audit?${query({ ...wanted, offset, limit })}`)).json();
}

/** Check the whole chain: `{valid, head, flaws}`. */
export async function verifyAudit() {
  return (await call("audit/verify")).json();
}

/** Judge an entry's words anew: `{outcome, reasons, notes, then, now}`. */
export async function replayEntry(sequence) {
  return (await call(`audit/${at(sequence)}/replay`)).json();
}

function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== null);
  return new URLSearchParams(given);
}
