"""What the tests of generation share."""

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from retrieval.records import Passage
from tests.generation.scripted_server import ScriptedServer

# How long an example takes says nothing on a busy machine.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")

MakePassage = Callable[..., Passage]


@pytest.fixture
def make_passage() -> MakePassage:
    """Return a factory of passages; `start` is where the text lies in its document."""

    def make(text: str, *, number: int = 1, start: int = 1000, title: str = "章程") -> Passage:
        return Passage(
            chunk_id=f"chunk-{number}",
            document_id=f"document-{number}",
            revision="1",
            title=title,
            heading_path=(),
            page=None,
            start=start,
            end=start + len(text),
            text=text,
            score=1.0 / number,
            scores={},
        )

    return make


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    thread = threading.Thread(target=scripted.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield scripted
    scripted.shutdown()
    thread.join()
    scripted.server_close()
