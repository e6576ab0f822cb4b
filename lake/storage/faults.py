"""What a failed call of the storage means, in words: full disk, no right, read-only, unreachable, no such bucket.

The libraries (obstore, deltalake, Polars) report the operating system's faults as text; the number in it is what is
stable. Of S3 it is the code or the HTTP status, which they quote.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lake.errors import StorageError
from lake.storage.credentials import LOG_IN, RENEW

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

_RIGHTS = "grant this user or role the rights on the bucket (docs/infra.md)"
_AGAIN = "run again: what was committed stays, nothing was half-written"
# What S3 says that stays so until somebody mends it.
_LASTING = (
    ("NoSuchBucket", "there is no such bucket", "create it, or mend lake.root"),
    ("InvalidAccessKeyId", "the access key is not known", "check s3.access_key_id"),
    ("SignatureDoesNotMatch", "the secret key is wrong", "check s3.secret_access_key"),
    ("ExpiredToken|token.{0,20} expired", "the credentials have expired", RENEW),
    # the address of a machine's role, which a library asks where it was given no keys
    (r"169\.254\.\d", "no credentials for AWS were found: neither keys nor a role of this machine", LOG_IN),
    ("InvalidToken", "the session token is not valid", "renew s3.session_token"),
    (
        "PermanentRedirect|AuthorizationHeaderMalformed|configured region",
        "the bucket lies in another region",
        "set s3.region to it",
    ),
    ("RequestTimeTooSkewed", "this machine's clock is wrong", "set it, then run again"),
    ("AccessDenied|403 Forbidden|PermissionDenied|lacked the necessary privileges", "access is denied", _RIGHTS),
)
CONFLICT = "ConditionalRequestConflict"  # S3's word for a conditional write that met another one of the same object
# What passes by itself; it has been tried again for s3.retry_seconds.
_PASSING = (
    (CONFLICT, "the object is written and deleted by others all the time", _AGAIN),
    (
        "SlowDown|status code: (429|5[0-9]{2})|ServiceUnavailable|InternalError",
        "the store is overloaded or down",
        _AGAIN,
    ),
    ("timed out|TimedOut|kind: Timeout", "the store does not answer in time", f"{_AGAIN}; or raise s3.timeout_seconds"),
    (
        "error sending request|[Cc]onnection ?([Rr]efused|[Rr]eset|[Cc]losed)|dns error|IncompleteMessage|body error",
        "the store cannot be reached",
        f"check the network and s3.endpoint; {_AGAIN}",
    ),
)


def fault(error: BaseException) -> tuple[str, str] | None:
    """``(what, fix)`` where an error says by its text or number what is wrong outside; else None."""
    text = str(error)
    number = getattr(error, "errno", None)
    found = _NUMBER.search(text)
    if number is None and found:
        number = int(found.group(1) or found.group(2))
    if number is None:
        number = next((code for word, code in _WORDS.items() if word in text.lower()), None)
    if number in _MEANING:
        return _MEANING[number]
    return _said(text, (*_LASTING, *_PASSING))


def is_bucket_missing(error: BaseException) -> bool:
    """Whether not the object but its whole bucket is not there; a request for the head of an object cannot tell."""
    return "NoSuchBucket" in str(error)


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed a moment later."""
    text = str(error)
    return _said(text, _LASTING) is None and _said(text, _PASSING) is not None


def is_outage(error: BaseException) -> bool:
    """Whether it is the bucket that does not answer or refuses, and so no file in it that is to blame."""
    return _said(str(error), (*_LASTING, *_PASSING)) is not None


def _said(text: str, meanings: Iterable[tuple[str, str, str]]) -> tuple[str, str] | None:
    if "://" not in text and "S3" not in text:  # a fault of S3 names the request, or the store
        return None
    return next(((what, fix) for words, what, fix in meanings if re.search(words, text)), None)


def storage_error(error: BaseException, where: str, verb: str) -> StorageError:
    """The StorageError for a failed ``verb`` (read, write, list, delete, open) of ``where``."""
    if isinstance(error, StorageError):  # the keys that were to be had for the call were not: that is what helps
        return StorageError(f"cannot {verb}: {error.what}", where=where, fix=error.fix)
    known = fault(error)
    if known:
        return StorageError(f"cannot {verb}: {known[0]}", where=where, fix=known[1])
    first = str(error).split("\n", 1)[0] or type(error).__name__
    return StorageError(
        f"cannot {verb}: {first}", where=where, fix="check the path, the network and the rights, then repeat"
    )
