"""Each collection's rules of compliance, compiled, as the catalog has them at the moment."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from generation.ports import SentenceEmbedder
from generation.rules.example_vectors import load_vectors, save_vectors
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rules_json, parse_rule_set, read_rules
from generation.rules.topics import Column
from ingestion.errors import CatalogError
from ingestion.store.rule_sets import RuleSets

FOLLOW_SECONDS = 1.0

logger = logging.getLogger(__name__)


class RuleBooks:
    """Gives every collection its rule book. Safe to share between threads.

    Changes made by another process are seen after a second.
    """

    def __init__(
        self,
        stored: RuleSets,
        default: RuleBook,
        compiled: Callable[[str], RuleBook],
        default_content: str,
    ) -> None:
        """default, default_content: of collections without own rules. compiled: from a file."""
        self._stored = stored
        self._default = default
        self._default_content = default_content
        self._compiled = compiled
        self._lock = threading.Lock()
        self._books: dict[str, tuple[int, RuleBook]] = {}
        self._seen: dict[str, float] = {}

    def of(self, collection: str) -> RuleBook:
        """Return the rules in force. Raises CatalogError, RuleSetError, or as the embedder."""
        if not collection:
            return self._default
        with self._lock:
            version, book = self._books.get(collection, (0, self._default))
            if time.monotonic() - self._seen.get(collection, -FOLLOW_SECONDS) < FOLLOW_SECONDS:
                return book
        newest = self._stored.version(collection)
        if newest != version:
            stored = self._stored.newest(collection)
            book = self._default if stored is None else self._compiled(stored.content)
        with self._lock:
            self._books[collection] = newest, book
            self._seen[collection] = time.monotonic()
        return book

    def keep_default(self) -> None:
        """Keep the service's own rules in the catalog, so that verdicts can be played back.

        They are the rules of the collection without a name, by version. Where they can't be kept,
        a service starts all the same: replays will say that they are missing.
        """
        try:
            self._stored.keep("", self._default_content, "youju")
        except CatalogError:
            logger.exception("The service's own rules can't be kept in the catalog")

    def content(self, collection: str) -> tuple[int, str]:
        """Return the version and the file of a collection's rules; 0: those of the service."""
        stored = self._stored.newest(collection)
        return (0, self._default_content) if stored is None else (stored.version, stored.content)

    def put(self, collection: str, content: str, author: str) -> tuple[int, RuleBook]:
        """Store rules that are right, and put them in force. Raises RuleSetError otherwise."""
        book = self._compiled(content)
        version = self._stored.put(collection, content, author).version
        with self._lock:
            self._books[collection] = version, book
            self._seen[collection] = time.monotonic()
        return version, book


def open_rule_books(
    stored: RuleSets, rules: Path | None, compiled: Callable[[str], RuleBook]
) -> RuleBooks:
    """Return the rule books of a service, that of collections without own rules made now.

    rules: its file, None: what ships. Raises RuleSetError, OSError, or what `compiled` raises.
    """
    content = service_rules(rules)
    return RuleBooks(stored, compiled(content), compiled, content)


def service_rules(rules: Path | None) -> str:
    """Return a file of rules, None: the one that ships. Raises RuleSetError, or OSError."""
    return default_rules_json() if rules is None else read_rules(rules)


def rule_compiler(
    embedder: SentenceEmbedder, encoder: str, vectors: Path
) -> Callable[[str], RuleBook]:
    """Return what makes a rule book of a file, with its topics learnt; it raises RuleSetError.

    vectors: where vectors of examples are kept, as embedding them takes seconds.
    """
    known = load_vectors(vectors, encoder=encoder, dimension=embedder.dimension)
    lock = threading.Lock()

    def compiled(content: str) -> RuleBook:
        rules = parse_rule_set(content)
        with lock:
            before = len(known)
            book = RuleBook(rules, embedder, known)
            book.learn()
            if len(known) > before:
                _keep(vectors, known, encoder)
        return book

    return compiled


def _keep(path: Path, known: dict[str, Column], encoder: str) -> None:
    if path.parent.is_dir():
        try:
            save_vectors(path, known, encoder=encoder)
        except OSError as exc:
            logger.warning("vectors of examples are not kept: %s", exc)
