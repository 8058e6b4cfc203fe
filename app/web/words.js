/** Every word of the page in both languages, and the one mechanism that shows them. */

import { MANAGE_WORDS } from "./manage_words.js";
import { recall, remember } from "./remembered.js";

// key: [Chinese, English, English for exactly one]; {name} is filled in.
const WORDS = {
  ...MANAGE_WORDS,
  skip: ["跳到提问框", "Skip to the question"],
  brand: ["有据", "Youju"],
  pageTitle: ["有据 Youju", "Youju 有据"],
  tagline: ["答必有据，无据不答", "An answer with its evidence, or no answer"],
  documents: ["资料", "Documents"],
  close: ["关闭", "Close"],
  newConversation: ["新对话", "New conversation"],
  conversation: ["对话", "Conversation"],
  collection: ["资料库", "Collection"],
  newCollection: ["新建资料库", "New collection"],
  collectionName: ["新资料库的名称", "Name of the new collection"],
  collectionRule: ["文字、数字、“_”“-”“.”，最多 64 个字符", "Letters, digits, “_”, “-” and “.”, at most 64"],
  use: ["使用", "Use"],
  switched: ["以下问题在资料库“{name}”中查找依据。", "From here on, evidence comes from “{name}”."],
  upload: ["上传文件", "Upload files"],
  dropHint: ["或把文件、文件夹拖到这里", "or drop files and folders here"],
  uploads: ["上传进度", "Uploads"],
  clearFinished: ["清除已完成", "Clear finished"],
  inCollection: ["已收录", "In this collection"],
  noDocuments: ["这个资料库还是空的。", "This collection is empty."],
  count: ["{count} 份", "{count} documents", "1 document"],
  more: ["显示更多", "Show more"],
  pages: ["{count} 页", "{count} pages", "1 page"],
  warnings: ["{count} 条提示", "{count} remarks", "1 remark"],
  deleteDocument: ["删除《{title}》", "Delete “{title}”"],
  deleteTitle: ["删除这份资料？", "Delete this document?"],
  deleteDetail: [
    "《{title}》及其索引将被永久删除，以后的回答不再引用它。",
    "“{title}” and its index will be removed for good; later answers will not cite it.",
  ],
  delete: ["删除", "Delete"],
  deleted: ["已删除《{title}》。", "“{title}” was deleted."],
  cancel: ["取消", "Cancel"],

  upload_waiting: ["等待上传", "Waiting"],
  upload_sending: ["上传中 {percent}%", "Uploading {percent}%"],
  upload_queued: ["排队中", "Queued"],
  upload_running: ["{stage} {percent}%{eta}", "{stage} {percent}%{eta}"],
  upload_done: ["已完成，可以提问", "Done, ready for questions"],
  upload_failed: ["失败", "Failed"],
  // The service gives its reasons in English; the second half of each pair would only repeat them.
  failure: ["{why} {reason}", "{why} {reason}"],
  reason_none: ["", ""],
  reason_unsupported_media: ["不支持这种文件。", ""],
  reason_no_text: ["文件里没有可以索引的文字。", ""],
  reason_broken_document: ["文件已损坏，请重新保存后再上传。", ""],
  reason_password_required: ["文件有密码，打不开。", "The file is locked by a password."],
  reason_wrong_password: ["密码不对，打不开这个文件。", "The password does not open the file."],
  reason_too_large: ["文件超过大小上限。", ""],
  reason_missing_extra: ["服务缺少读取这种文件的组件。", ""],
  reason_source_lost: ["原文件已丢失，请重新上传。", ""],
  reason_empty_file: ["文件是空的。", ""],
  reason_invalid_file_name: ["文件名不可用，请改名后再上传。", ""],
  reason_deadline_exceeded: ["处理超时。", ""],
  reason_out_of_memory: ["内存不足，请拆分文件后重试。", ""],
  reason_worker_died: ["处理进程意外退出，请重试。", ""],
  upload_cancelled: ["已取消", "Cancelled"],
  upload_duplicate: ["内容相同的文件已在库中", "Already here: the same content"],
  duplicateOf: ["内容与《{title}》相同，没有重复收录", "Same content as “{title}”; not added twice"],
  archive: ["{count} 个文件：{parts}", "{count} files: {parts}", "1 file: {parts}"],
  separator: ["，", ", "],
  count_done: ["{count} 个可以提问", "{count} ready"],
  count_duplicate: ["{count} 个已在库中", "{count} already here"],
  count_open: ["{count} 个处理中", "{count} in progress"],
  count_failed: ["{count} 个失败", "{count} failed"],
  count_cancelled: ["{count} 个已取消", "{count} cancelled"],
  filesOf: ["{name} 里的文件", "Files in {name}"],
  password: ["密码", "Password"],
  passwordOf: ["{name} 的密码", "Password of {name}"],
  unlock: ["用密码重新上传", "Upload again with it"],
  chooseAgain: ["重新选择文件", "Choose the file again"],
  cancelUpload: ["取消 {name}", "Cancel {name}"],
  dismiss: ["移除 {name}", "Remove {name}"],
  etaSeconds: ["，约剩 {count} 秒", ", about {count} s left"],
  etaMinutes: ["，约剩 {count} 分钟", ", about {count} min left"],
  stage_working: ["处理中", "Working"],
  stage_parsing: ["解析", "Reading"],
  stage_structure: ["识别结构", "Finding the structure"],
  stage_chunking: ["切分", "Splitting"],
  stage_key_info: ["提取关键信息", "Finding key information"],
  stage_embedding: ["计算向量", "Embedding"],
  stage_summary: ["摘要", "Summarising"],
  stage_storing: ["入库", "Storing"],
  stage_indexing: ["建立索引", "Indexing"],

  question: ["问题", "Question"],
  placeholder: ["向资料提问…", "Ask your documents…"],
  askHint: [
    "Enter 发送，Shift+Enter 换行。依据不足时不作答。",
    "Enter sends, Shift+Enter breaks the line. No evidence, no answer.",
  ],
  send: ["发送", "Send"],
  stop: ["停止", "Stop"],
  you: ["你", "You"],
  service: ["有据", "Youju"],
  looking: ["正在查找依据", "Looking for evidence"],
  emptyLoading: ["正在读取资料…", "Reading the list of documents…"],
  emptyUnavailable: ["暂时读不到资料列表。", "The list of documents can't be read right now."],
  emptyNone: [
    "先上传文件，再提问：每句回答都会标出原文出处。",
    "Upload documents, then ask: every sentence of an answer shows where it comes from.",
  ],
  emptyReady: [
    "向已收录的资料提问，点击句末的编号即可查看原文。",
    "Ask about your documents, and click the number after a sentence to see its source.",
  ],
  examples: ["示例问题", "Example questions"],
  outcome_answered: ["有据", "Evidenced"],
  outcome_refused: ["依据不足，未作答", "Not enough evidence, no answer"],
  outcome_fallback: ["兜底答复", "Fallback reply"],
  outcome_script: ["标准话术", "Approved wording"],
  outcome_stopped: ["已停止，回答不完整", "Stopped, answer incomplete"],
  outcome_broken: ["中断，回答不完整", "Interrupted, answer incomplete"],
  confidence: ["置信度 {percent}%", "Confidence {percent}%"],
  took: ["用时 {seconds} 秒", "{seconds} s"],
  trace: ["追踪号 {id}", "Trace {id}"],
  unsupported: ["无出处", "no source"],
  sources: ["依据", "Evidence"],
  page: ["第 {page} 页", "Page {page}"],
  cite: ["依据 {number}：{title}", "Evidence {number}: {title}"],
  citePage: ["依据 {number}：{title}，第 {page} 页", "Evidence {number}: {title}, page {page}"],
  copy: ["复制", "Copy"],
  copied: ["已复制", "Copied"],
  copyFailed: ["无法复制", "Could not copy"],

  why: ["为什么是这些段落", "Why these passages"],
  whyLoading: ["正在查看检索过程…", "Looking at the search…"],
  whyNothing: ["检索没有找到任何段落。", "The search found no passage."],
  whyHits: ["检索到的段落及各步得分", "Passages found, with the score of each stage"],
  whyStages: ["《{title}》在检索各步的名次", "Rank of “{title}” at each stage of the search"],
  whyExpected: ["应该找到的资料（标题或编号）", "The document that should be found (title or id)"],
  whyAsk: ["查看它在哪一步丢失", "See where it was lost"],
  whyUnknown: ["这个资料库里没有这份资料。", "This collection does not hold that document."],
  why_rank: ["名次", "Rank"],
  why_passage: ["段落", "Passage"],
  why_stage: ["步骤", "Stage"],
  why_score: ["得分", "Score"],
  why_passed: ["通过", "Passed"],
  why_yes: ["是", "Yes"],
  why_no: ["否", "No"],
  why_summary_filter: ["按摘要选资料", "Summary filter"],
  why_words: ["按词", "Words"],
  why_document_words: ["全文按词", "Document words"],
  why_raw: ["按语义（原文）", "Meaning (text)"],
  why_keys: ["按语义（关键信息）", "Meaning (key info)"],
  why_fusion: ["合并", "Fusion"],
  why_fused: ["合并", "Fused"],
  why_rerank: ["重排", "Rerank"],
  why_result: ["结果", "Result"],
  why_reading: ["阅读", "Read"],
  why_context: ["给生成模型", "Shown to the generator"],

  closeSource: ["关闭原文", "Close the source"],
  original: ["下载原件", "Download original"],
  loading: ["正在打开原文…", "Opening the source…"],
  exact: ["与引文逐字一致", "Matches the quote exactly"],
  revised: [
    "这份资料在回答之后已经更新，下面显示的是新版本。",
    "This document has changed since the answer; what you see is the new revision.",
  ],
  moved: ["引文仍在新版本中，已标出现在的位置。", "The quote is still in it, highlighted at its new place."],
  lost: ["无法在现有文本中确认引文的位置。回答时引用的原文是：", "The quote can't be placed in the present text for certain. What was cited:"],
  gone: ["这份资料已被删除。回答时引用的原文是：", "This document was deleted. What was cited:"],

  showChunks: ["《{title}》的分块", "Chunks of “{title}”"],
  closeChunks: ["关闭分块", "Close the chunks"],
  loadingChunks: ["正在读取分块…", "Reading the chunks…"],
  chunkCount: ["共 {count} 块", "{count} chunks", "1 chunk"],
  chunksHint: [
    "资料按这些块检索。分界处的数字是下一句预测模型给出的概率：后一块接着前一块往下说。",
    "The document is searched in these chunks. The number at a border is the probability, by next-sentence prediction, that the chunk goes on from the one before.",
  ],
  chunkNumber: ["第 {number} 块", "Chunk {number}"],
  chunkSpan: ["字符 {start}–{end}", "characters {start}–{end}"],
  goesOn: ["接续概率 {percent}%", "Goes on: {percent}%"],
  border_new: ["此处换了话题", "A new topic begins here"],
  border_open: ["可能换了话题", "Perhaps a new topic"],
  border_same: ["话题未变，因标题、版面或长度在此切开", "Still the same topic: cut for a heading, layout or size"],
  key_heading: ["标题", "Headings"],
  key_keyphrase: ["关键短语", "Keyphrases"],
  key_entity: ["实体", "Entities"],
  key_summary: ["摘要句", "Summary"],
  key_question: ["可回答的问题", "Questions it answers"],
  key_abstract: ["概括", "Abstract"],
  keyMarked: ["已在第 {number} 块中标出", "Highlighted in chunk {number}"],

  retry: ["重试", "Try again"],
  retryAfter: ["请在 {seconds} 秒后重试。", "Try again in {seconds} seconds."],
  problem_0: ["连接不上服务，请检查网络后重试。", "The service can't be reached. Check the network and try again."],
  problem_400: ["请求有误。", "The request is not valid."],
  problem_401: ["需要登录。", "You need to sign in."],
  problem_403: ["没有权限。", "You are not allowed to do this."],
  problem_404: ["找不到所请求的内容。", "It could not be found."],
  problem_409: ["与现有内容冲突。", "It conflicts with what is there."],
  problem_413: ["内容过大。", "It is too large."],
  problem_415: ["不支持这种文件。", "This kind of file is not supported."],
  problem_422: ["内容无法处理。", "It could not be processed."],
  problem_429: ["请求过于频繁。", "Too many requests."],
  problem_503: ["服务繁忙或尚未就绪。", "The service is busy or not ready yet."],
  problem_request: ["请求未被接受。", "The request was not accepted."],
  problem_server: ["服务出错了。", "The service failed."],
  problem_page: ["页面出错了，请刷新后重试。", "The page failed. Reload it and try again."],
};

const said = new WeakMap();
let language = recall("language") === "en" ? "en" : "zh";

/** Return the reader's language: `zh` or `en`. */
export function currentLanguage() {
  return language;
}

/** Return whether there is a word for `key`. */
export function knows(key) {
  return Object.hasOwn(WORDS, key);
}

/** Return the word for `key` with `facts` filled in; a fact may be a function, for nested words. */
export function word(key, facts = {}) {
  const [zh, en, one] = WORDS[key];
  const pattern = language === "zh" ? zh : facts.count === 1 && one ? one : en;
  return pattern.replace(/\{(\w+)\}/g, (_, name) => {
    const fact = facts[name];
    return String(typeof fact === "function" ? fact() : fact);
  });
}

/** Make `key` the text of `element`, now and after each change of language. */
export function say(element, key, facts = {}) {
  element.dataset.text = key;
  said.set(element, { ...said.get(element), text: facts });
  element.textContent = word(key, facts);
}

/** Make `key` the accessible name and the tooltip of `element`, likewise. */
export function label(element, key, facts = {}) {
  element.dataset.label = key;
  said.set(element, { ...said.get(element), label: facts });
  showLabel(element);
}

/** Take the words off `element`, leaving it empty. */
export function hush(element) {
  delete element.dataset.text;
  element.textContent = "";
}

/** Show the whole page in the language `next` and remember it. */
export function changeLanguage(next) {
  language = next;
  remember("language", next);
  applyLanguage();
}

/** Show every word of the page in the present language. */
export function applyLanguage() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = word("pageTitle");
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = word(element.dataset.text, said.get(element)?.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) showLabel(element);
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = word(element.dataset.placeholder);
  }
}

function showLabel(element) {
  const name = word(element.dataset.label, said.get(element)?.label);
  element.setAttribute("aria-label", name);
  if (element.matches("button, a")) element.title = name;
}
