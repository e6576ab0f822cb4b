"""What a failed call of the storage means, in words: full disk, no right, read-only, unreachable.

The libraries (obstore, deltalake, Polars) report the operating system's faults as text; the number in it is what is
stable.
"""

from __future__ import annotations

import re

from lake.errors import StorageError

_NUMBER = re.compile(r"os error (\d+)|code: (\d+)")
_MEANING = {
    1: ("permission denied", "give this user the right, or point the lake to another folder"),
    13: ("permission denied", "give this user the right, or point the lake to another folder"),
    20: ("a file stands where a folder is needed", "move that file away"),
    21: ("a folder stands where a file is needed", "move that folder away"),
    24: ("too many open files", "raise the limit (ulimit -n)"),
    27: ("the file is too large for this file system", "point the lake to another file system"),
    28: (
        "the disk is full",
        "free some space (not by optimize: it writes first), then repeat; nothing was half-written",
    ),
    30: ("the file system is read-only", "mount it writable, or point the lake to another folder"),
    36: ("the path is too long", "use a shorter folder or slice name"),
    122: ("the disk quota is used up", "free some space, then repeat; nothing was half-written"),
}
_WORDS = {
    "no space left": 28,
    "read-only file system": 30,
    "permission denied": 13,
    "quota exceeded": 122,
}


def fault(error: BaseException) -> tuple[str, str] | None:
    """``(what, fix)`` where the text or number of an error is one of the operating system's faults; else None."""
    text = str(error)
    number = getattr(error, "errno", None)
    found = _NUMBER.search(text)
    if number is None and found:
        number = int(found.group(1) or found.group(2))
    if number is None:
        number = next((code for word, code in _WORDS.items() if word in text.lower()), None)
    return _MEANING.get(number) if number is not None else None


def storage_error(error: BaseException, where: str, verb: str) -> StorageError:
    """The StorageError for a failed ``verb`` (read, write, list, delete, open) of ``where``."""
    known = fault(error)
    if known:
        return StorageError(f"cannot {verb}: {known[0]}", where=where, fix=known[1])
    first = str(error).split("\n", 1)[0] or type(error).__name__
    return StorageError(
        f"cannot {verb}: {first}", where=where, fix="check the path, the network and the rights, then repeat"
    )
