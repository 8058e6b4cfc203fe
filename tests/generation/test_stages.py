import threading

from generation.policy import Policy
from generation.stages import Intents, load_examples
from tests.generation.script_fakes import GramEncoder

EXAMPLES = {
    "human": ["转人工", "人工客服", "找人工"],
    "inquiry": ["价格多少", "多少价格", "什么价格"],
}


def test_intent_near_its_examples_is_told_and_others_are_not() -> None:
    intents = Intents(EXAMPLES, GramEncoder())
    assert intents.intent("请转人工客服") == "human"
    assert intents.intent("价格是多少") == "inquiry"
    assert intents.intent("zebra") is None


def test_intents_examples_are_embedded_once_by_many_threads() -> None:
    encoder = GramEncoder()
    intents = Intents(EXAMPLES, encoder)
    threads = [threading.Thread(target=intents.intent, args=("转人工",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert encoder.embedded.count("找人工") == 1


def test_intents_learn_a_collections_own_examples_once_and_beside_the_others() -> None:
    encoder = GramEncoder()
    intents = Intents(EXAMPLES, encoder)
    assert intents.of({}) is intents
    own = {"human": ["叫经理来"], "closing": ["立即下单", "马上下单", "现在下单"]}
    more = intents.of(own)
    assert more is intents.of(dict(own))
    assert more.intent("我要立即下单") == "closing"
    assert more.intent("请转人工客服") == "human"
    assert intents.intent("我要立即下单") is None
    assert encoder.embedded.count("找人工") == 1
    for number in range(40):
        intents.of({"closing": [f"下单{number}"]})
    assert intents.of(own).intent("我要立即下单") == "closing"


def test_shipped_examples_have_fifteen_of_each_intent_and_language() -> None:
    for intent, own in load_examples().items():
        assert len(set(own)) == len(own), intent
        english = [text for text in own if text.isascii()]
        assert min(len(english), len(own) - len(english)) >= 15, intent


def test_policy_moves_by_intent_and_stays_where_none_leads_on() -> None:
    policy = Policy()
    assert policy.next_stage("", None) == "opening"
    assert policy.next_stage("", "inquiry") == "inquiry"
    assert policy.next_stage("inquiry", "objection") == "objection"
    assert policy.next_stage("inquiry", "greeting") == "inquiry"
    assert policy.next_stage("elsewhere", "inquiry") == "elsewhere"
