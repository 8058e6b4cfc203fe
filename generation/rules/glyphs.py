"""Undo what plays with the look of Chinese characters: 言正 for 证, 攒 for 赚.

The tables hold what promises, superlatives and insults are written with. A part that is a word of
its own beside another (女子 for 好) is left out.
"""

from collections.abc import Iterator

from generation.rules.reading import CLAUSE, Reading

_PARTS = (
    "证言正 证讠正 保亻呆 保人呆 稳禾急 赚贝兼 赔贝咅 赔贝音 险阝佥 利禾刂 利禾刀 治氵台 "
    "根木艮 病疒丙 钱钅戋 钱金戋 财贝才 股月殳 投扌殳 投手殳 资次贝 胜月生 诉讠斥 诉言斥 "
    "法氵去 律彳聿 绝纟色 对又寸 诺讠若 诺言若 担扌旦 确石角 期其月 零雨令 最日取 最曰取 "
    "佳亻圭 佳人圭 第竹弟 牌片卑 级纟及 顶丁页 极木及 领令页 销钅肖 信亻言 群君羊 障阝章 "
    "猪犭者 狗犭句 垃土立 圾土及 药艹约 枪木仓 弹弓单 炸火乍 赌贝者 贷代贝 批扌比 秒禾少 "
    "过辶寸 过寸辶 通甬辶 涨氵张 跌足失 翻番羽 倍亻咅 倍亻音 赢亡口月贝凡 任亻壬 何亻可 "
    "他亻也 你亻尔 做亻故 伤亻力 返反辶 还不辶 退艮辶 息自心 急刍心 怎乍心 愿原心 脑月凶 "
    "肯止月 定宀疋 安宀女 全人王 益八皿 盈乃又皿 亏一亐 损扌员 失丿夫 收丩攵 效交攵 政正攵 "
    "款士示欠 额客页 预予页 赎贝卖 购贝勾 贱贝戋 账贝长 赠贝曾 赏尚贝 货化贝 贵中贝 疗疒了 "
    "癌疒嵒 症疒正 痛疒甬 疯疒风 傻亻夋 逼畐辶 滚氵衮 蛋疋虫 蠢春虫虫 妈女马 奶女乃 婊女表 "
    "骗马扁 驴马户 驰马也 判半刂 刑开刂 别另刂 到至刂 创仓刂 剂齐刂 刚冈刂 诊讠㐱 诈讠乍 "
    "计讠十 讼讠公 谁讠隹 说讠兑 请讠青 让讠上"
)
_LOOKS = (
    "攒赚 陪赔 倍赔 培赔 隐稳 淮准 堡保 煲保 葆保 征证 怔证 症证 盆益 殓险 验险 检险 凤风 "
    "夙风 玲零 岭零 卜不 末未 洽治 冶治 约药 佚跌 泝诉 斥诉 蠃赢 羸赢 嬴赢 沙秒 纱秒 杪秒 "
    "砂秒 弟第 笫第 苐第 抵低 邸低 惟唯 稍销 梢销 诸猪"
)
_ALIKE = str.maketrans({one[0]: one[1] for one in _LOOKS.split()})
_BY_FIRST: dict[str, list[tuple[str, str]]] = {}
for _entry in _PARTS.split():
    _BY_FIRST.setdefault(_entry[1], []).append((_entry[1:], _entry[0]))


def put_together(plain: Reading) -> Iterator[Reading]:
    """Yield the reading in which parts are one character again, if there is any. O(len(text))."""
    text, gaps = plain.text, plain.gaps
    kept, origins, before, changed = list[str](), list[int](), bytearray(), set[int]()
    place = 0
    while place < len(text):
        whole, end = _whole(plain, place)
        if end > place + 1:
            changed.add(len(kept))
        kept.append(whole)
        origins.append(plain.origins[place])
        before.append(gaps[place])
        place = end
    if changed:
        yield Reading("".join(kept), tuple(origins), bytes(before), frozenset(changed))


def looked_alike(plain: Reading) -> Iterator[Reading]:
    """Yield the reading in which look-alikes are what they look like, if there is any."""
    text = plain.text.translate(_ALIKE)
    changed = frozenset(at for at, one in enumerate(plain.text) if one != text[at])
    if changed:
        yield Reading(text, plain.origins, plain.gaps, changed)


def _whole(plain: Reading, place: int) -> tuple[str, int]:
    for parts, whole in _BY_FIRST.get(plain.text[place], ()):
        end = place + len(parts)
        inner = plain.gaps[place + 1 : end]
        if plain.text.startswith(parts, place) and all(gap < CLAUSE for gap in inner):
            return whole, end
    return plain.text[place], place + 1
