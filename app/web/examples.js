/** Example questions that the documents answer: sentences of theirs, with the answer left out. */

const ZH_NUMBER = "(?:\\d+(?:,\\d{3})*(?:\\.\\d+)?|[二三四五六七八九十百千两][一二三四五六七八九十百千万零两]*|一[十百千万]+)";
// What is counted in whole numbers that are small, and what is not: they are asked for differently.
const ZH_FEW = "个(?:月|工作日|自然日|小时|星期)|年(?!度|初|末|终|级|級|代)|日|天|小时|分钟|周(?!岁|年|末)|次|册|本";
const ZH_MANY = "万元|亿元|元|倍|周岁|名|人|公里|千米|米|平方米|吨|公斤|千克|页";
const EN_NUMBER =
  "(?:\\d[\\d,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty)";

const EN_MONTH =
  "(?:January|February|March|April|May|June|July|August|September|October|November|December)";
const ZH_ANY_NUMBER = new RegExp(ZH_NUMBER, "g");
const EN_ANY_NUMBER = new RegExp(`\\b${EN_NUMBER}\\b`, "g");

// [what in a sentence is the answer, what asks for it], the first that fits is taken.
const ZH_GAPS = [
  [/(?<!\d)\d{4}年\d{1,2}月(?:\d{1,2}日)?/, "什么时候"],
  [/(?<!\d)\d{4}年(?!度|代)/, "哪一年"],
  [/(?:\d+(?:\.\d+)?[%％]|百分之[零一二三四五六七八九十百]+)/, "百分之多少"],
  [numbered(ZH_FEW), "几$1"],
  [numbered(ZH_MANY), "多少$1"],
];
const EN_GAPS = [
  [new RegExp(`\\bin ${EN_MONTH} (?:1[5-9]|20)\\d\\d\\b`), "when"],
  [/\bin (?:1[5-9]|20)\d\d\b(?!s)/, "in which year"],
  [new RegExp(`(?<![Tt]he |[Tt]hese |[Tt]hose |[-–.\\d])\\b${EN_NUMBER} ((?:[a-z]+ )?(?!is|was|has|this|percent)[a-z]{2,}s|people)\\b(?! old)`), "how many $1"],
];
const ZH_LENGTH = [10, 40];
const EN_LENGTH = [25, 120];
// A sentence that begins so goes on from the one before and asks nothing by itself.
const ZH_DEPENDENT = /^(?:前款|前项|前条|该|其|此|这|那|但|并|且|或|和|及|处|同时|因此|所以|以上|以下|上述)/;
const EN_DEPENDENT = /^(?:This|That|These|Those|It|They|He|She|We|But|And|Or|So|Then|If|Both|Such|Here|There)\b/;
// The mark of a footnote, as web pages have it.
const NOTE = /\[\d+\]/g;
const ZH_TERM = /^(?:本[^，。]{1,3}所称(?:的)?)?([^，。、；：“”《》（）\s]{2,12})，?是指/;
// A place in a list, or the number of an article, before a sentence.
const ZH_MARK = /^(?:第[一二三四五六七八九十百零\d]+[条章节款]|[（(][一二三四五六七八九十\d]+[）)]|[一二三四五六七八九十\d]+[、.．])\s*/;

/**
 * Return up to `count` questions about documents, their texts given as [chunk, …] for each.
 *
 * One of each document in turn, those that ask for a number or a date before those that ask what a
 * word means. None where the texts give none: better no example than one that is refused.
 */
export function exampleQuestions(documents, count) {
  const found = documents.map((texts) => {
    const sentences = texts.flatMap((text) => sentencesOf(text.replace(NOTE, "")));
    const gaps = sentences.map(gapQuestion).filter(Boolean);
    // The fewer other numbers a sentence holds, the plainer which one is asked for.
    gaps.sort((left, right) => left.numbers - right.numbers);
    return unique([...gaps.map(({ question }) => question), ...sentences.map(termQuestion).filter(Boolean)]);
  });
  const chosen = [];
  for (let turn = 0; chosen.length < count && found.some((questions) => turn < questions.length); turn += 1) {
    chosen.push(...found.map((questions) => questions[turn]).filter(Boolean));
  }
  return unique(chosen).slice(0, count);
}

function sentencesOf(text) {
  const zh = text.match(/[^。！？；\n]+[。；]/g) ?? [];
  const en = text.match(/(?<=^|[.!?]\s)[A-Z][^.!?。\n]+\.(?=\s|$)/gm) ?? [];
  return [...zh.map((sentence) => sentence.trim().replace(ZH_MARK, "")), ...en];
}

function gapQuestion(sentence) {
  const chinese = /[一-鿿]/.test(sentence);
  const [shortest, longest] = chinese ? ZH_LENGTH : EN_LENGTH;
  const dependent = chinese ? ZH_DEPENDENT : EN_DEPENDENT;
  if (sentence.length < shortest || sentence.length > longest || dependent.test(sentence)) return null;
  // Cells of a table, and what introduces a list, are no sentences.
  if (/[|：:"“”（(]/.test(sentence)) return null;
  for (const [gap, asking] of chinese ? ZH_GAPS : EN_GAPS) {
    const at = sentence.search(gap);
    // What is asked about comes first; a sentence that begins with its number has not said it yet.
    if (at < 3) continue;
    const asked = sentence.replace(gap, asking);
    // A clause that names a case, not what holds in it.
    if (/的[。；]$/.test(asked)) return null;
    const numbers = (asked.match(chinese ? ZH_ANY_NUMBER : EN_ANY_NUMBER) ?? []).length;
    return { question: asked.replace(/[。；.]$/, chinese ? "？" : "?"), numbers };
  }
  return null;
}

function termQuestion(sentence) {
  const term = sentence.match(ZH_TERM)?.[1];
  return term ? `什么是${term}？` : null;
}

function numbered(units) {
  return new RegExp(`(?<![第月到至~～—–\\-\\d.,一二三四五六七八九十百千])${ZH_NUMBER}(${units})`);
}

function unique(questions) {
  return [...new Set(questions)];
}
