"""Words that are no keyphrases: too common, or common in the very texts that get uploaded."""

_CHINESE = """
应当 可以 必须 不得 有关 规定 进行 按照 根据 依照 依据 予以 给予 包括 以及 或者 其他 下列
所称 属于 具有 提供 情况 情形 方面 问题 表示 认为 指出 介绍 称 据悉 消息 记者 目前 今日
近日 部分 相关 通过 作出 采取 使用 实施 负责 成为 存在 要求 需要 能够 开展 加强 工作 时候
东西 内容 方式 过程 本法 本条 条例 办法 之间 之一 同时 因此 为了 由于 如果 但是 没有 不是
就是 还是 我们 他们 这个 一个 一些 應當 必須 有關 規定 進行 根據 屬於 情況 問題 認為 相關
通過 成為 時候 沒有 這個 一個 我們 他們 因為 為了 由於 後來 之後 其中 曾經 令人 分别 达到
造成 产生 发生 出现 开始 继续 获得 取得 得到 拥有 处以 上述 前款 该款 列入 执行 是否 有权
有无 提出 发现 之日起 行为 人员 活动 处理 收到 条件 范围 结果 各级 以来 据了解 超过 不足
以上 以下 以内 办理 符合 确定 涉及 作为 视为 违反 遵守 适用 下午 上午 小时 分钟 如下
"""
_ENGLISH = """
a about above according across after again against all almost along already also although
always am among an and another any anyone anything are aren't around as at available away
back be became because become becomes been before began being below best better between
beyond both but by called came can can't cannot certain come could day days did didn't
different do does doesn't doing don't done down due during e.g each either else enough
especially etc even ever every everything example few find first following follow follows
for former found from full further gave general get gets getting give given gives go goes
going good got great had has hasn't have haven't having he held help her here herself high
him himself his how however i i.e i'm if important in include included includes including
instead into is isn't it it's its itself just keep kept kind know known large last later
least left less let let's like likely little long look lot low made main mainly make makes
making many may maybe me mean means might more most mostly much must my name near need
needs never new next no non nor not nothing now number of off often old on once one ones
only onto open or order other others otherwise our out over own part particular per
perhaps place possible put quite rather read really right run s said same saw say says
second see seem seems seen set several shall she should show shown shows side similar
simply since small so some someone something sometimes soon still such sure t take taken
takes tell than that that's the their them themselves then there therefore these they
they're thing things think this those though three through throughout thus time times to
today together told too took toward two under until up upon us use used useful user uses
using usually various very via want was wasn't way ways we we're well went were what when
where whether which while who whole whom whose why will with within without won't work
would year years yes yet you you'll you're your yourself four five six seven eight nine
ten mr mrs ms dr approximately respectively primarily based related pursuant herein
thereof thereto
"""

CHINESE = frozenset(_CHINESE.split())
"""Beyond what the segmenter's tags leave out; simplified and traditional."""

ENGLISH = frozenset(_ENGLISH.split())
"""In lower case."""
