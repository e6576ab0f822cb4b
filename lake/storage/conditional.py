"""Conditional writes to a bucket: create-only, and replace-if-unchanged, each known again when its answer is lost.

S3 refuses such a write that lost the race (412, If-None-Match and If-Match). A write whose answer never came may have
landed, and repeated it would be refused for its own sake; so each carries a mark, by which it is found.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import uuid
from typing import Any

from lake.storage.again import again

MARK = "mirrorlake-write"


def write(store: Any, key: str, data: bytes, mode: Any, seconds: float) -> bool:
    """Write an object under a condition (``create``, or ``{"e_tag": ...}``); False where it does not hold.

    What passes by itself (no answer, 503) is tried again for ``seconds`` in all; other errors are the library's.
    """
    mark = uuid.uuid4().hex
    return again(lambda: _once(store, key, data, mode, mark), seconds)


def _once(store: Any, key: str, data: bytes, mode: Any, mark: str) -> bool:
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    try:
        obstore.put(store, key, data, mode=mode, use_multipart=False, attributes={MARK: mark})
    except (AlreadyExistsError, PreconditionError):
        return _mark_of(store, key) == mark
    return True


def _mark_of(store: Any, key: str) -> str | None:
    import obstore

    try:
        found: str | None = obstore.get(store, key).attributes.get(MARK)
    except FileNotFoundError:
        return None
    return found
