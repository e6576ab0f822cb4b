"""JSON that is read the same way by everybody, or refused with the reason: no NaN, no doubled key, no bottomless nest.

The way of the data: bytes -> ``json_object`` -> the source's own checks. Messages quote a stranger's words only through
``clean``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from lake.errors import PayloadError

DEEPEST = 32
_SPACED_KEY = re.compile(rb'"\s+:')


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``; PayloadError when it is none, or readers could take it for different things."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise PayloadError(_why_no_json(data, str(error))) from None
    if not isinstance(document, dict):
        raise PayloadError(f"the body is a JSON {type(document).__name__}, not an object")
    if data.count(b"[") + data.count(b"{") > 2 * DEEPEST:
        _refuse_deep(document)
    _refuse_doubled_keys(data, document)
    return document


def _why_no_json(data: bytes, error: str) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data.strip():
        return "the body is empty"
    if start.startswith(b"<"):
        return "the body is HTML or XML, not JSON"
    if start.startswith(b"{") and not data.rstrip().endswith(b"}") and "after document" not in error:
        return f"the body is truncated after {len(data)} bytes"
    word = re.search(rb"[:,\[]\s*(NaN|-?Infinity)\b", data)
    if word:
        return f"the body holds {word[1].decode()}, which JSON does not know"
    return f"the body is no JSON: {error[:200]}"


def _refuse_deep(document: object) -> None:
    """Raise PayloadError when containers are nested deeper than any answer of the API is."""
    level: list[object] = [document]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise PayloadError(f"the body is nested deeper than {DEEPEST} levels")


def _children(parent: object) -> Iterator[object]:
    found = parent.values() if isinstance(parent, dict) else parent if isinstance(parent, list) else ()
    return (child for child in found if isinstance(child, (dict, list)))


def _refuse_doubled_keys(data: bytes, document: dict[str, Any]) -> None:
    """orjson keeps the last of doubled keys, so half a body could vanish unseen.

    Counting ``":`` is quick, and right for objects in an object, unless a text holds it or a key is followed by a
    space. Where the count is another than that of the keys that were read, every pair is looked at.
    """
    read = len(document) + sum(len(child) for child in document.values() if isinstance(child, dict))
    if data.count(b'":') == read and not _SPACED_KEY.search(data):
        return
    try:
        json.loads(data, object_pairs_hook=_unique_pairs)
    except RecursionError:
        raise PayloadError("the body is nested too deep") from None


def _unique_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        doubled = next(key for key in keys if keys.count(key) > 1)
        raise PayloadError(f"the key {clean(doubled)!r} stands twice in the body; nothing says which is meant")
    return dict(pairs)


def clean(text: object) -> str:
    """A stranger's words on one line, without control characters, cut at 300."""
    return "".join(character if character.isprintable() else " " for character in str(text)[:300]).strip()


def listed(names: Iterable[str]) -> str:
    """The first twenty names, or 'nothing'."""
    return ", ".join(clean(name)[:40] for name in list(names)[:20]) or "nothing"


def reason_of(body: bytes) -> str:
    """``: <reason>`` when ``body`` is an API's error object with one, else nothing."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    reason = document.get("reason") if isinstance(document, dict) else None
    return f": {clean(reason)}" if reason else ""
