"""Conditional writes to a bucket: create-only, and replace-if-unchanged, each known again when its answer is lost.

S3 refuses such a write that lost the race (412, If-None-Match and If-Match). A write whose answer never came may have
landed, and repeated it would be refused for its own sake; so each carries a mark, by which it is found. A write that
met another one of the same object, a deletion say, may be told to come again (409), which obstore takes for a lost race
where the object was to be created; so one that lost is looked for, and tried again where nothing lies there.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import uuid
from typing import Any

from lake.storage.again import again
from lake.storage.faults import CONFLICT

MARK = "mirrorlake-write"


class ConflictError(Exception):
    """Neither did the write land nor did another win; the same write may succeed a moment later."""


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
        try:
            return bool(obstore.get(store, key).attributes.get(MARK) == mark)
        except FileNotFoundError:
            if mode != "create":
                return False
            raise ConflictError(f"S3: {CONFLICT}: {key} was said to be there, and is not") from None
    return True
