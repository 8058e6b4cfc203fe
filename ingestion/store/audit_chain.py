"""How the entries of the audit hang together: each hash covers its entry and the hash before."""

import hashlib
import hmac
import json
from collections.abc import Mapping

Facts = Mapping[str, object]
"""What an entry states: numbers, ids and versions, never a user's words."""

GENESIS = "0" * 64


def canonical(facts: Facts) -> str:
    """Return facts as JSON in the one form that is hashed. Raises ValueError for NaN."""
    return json.dumps(
        facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def link(previous: str, entry: str) -> str:
    """Return the hash of an entry (canonical JSON) after the one whose hash is `previous`."""
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


def commitments(texts: Mapping[str, object], salt: str) -> dict[str, str]:
    """Return what binds an entry to each of its texts and, without the salt, tells nothing."""
    return {name: _commitment(name, value, salt) for name, value in texts.items()}


def _commitment(name: str, value: object, salt: str) -> str:
    content = canonical({name: value}).encode()
    return hmac.new(bytes.fromhex(salt), content, hashlib.sha256).hexdigest()
