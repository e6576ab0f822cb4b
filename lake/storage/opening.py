"""Opening a store of obstore: a folder, or a bucket with object options that may be renewed while it is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lake.storage.credentials import obstore_arguments
from lake.storage.faults import storage_error

Options = Mapping[str, str] | Callable[[], Mapping[str, str]]
KEYS_LAST = timedelta(minutes=5)  # then they are asked for again, which costs nothing where they are still good


def open_store(root: str, is_local: bool, options: Options) -> Any:
    """The store for ``root``; StorageError where it cannot be opened. Nothing is asked of a bucket yet."""
    try:
        if is_local:
            from obstore.store import LocalStore

            return LocalStore(root)
        from obstore.store import from_url

        found = options() if callable(options) else options
        arguments = obstore_arguments(found)
        if callable(options) and "aws_access_key_id" in found:
            for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"):
                arguments["config"].pop(name, None)
            arguments["credential_provider"] = _provider(options)
        return from_url(root, **arguments)
    except Exception as error:
        raise storage_error(error, root, "open") from error


def _provider(options: Callable[[], Mapping[str, str]]) -> Callable[[], dict[str, object]]:
    """What obstore calls when the keys that it has are old."""

    def keys() -> dict[str, object]:
        found = options()
        return {
            "access_key_id": found["aws_access_key_id"],
            "secret_access_key": found["aws_secret_access_key"],
            "token": found.get("aws_session_token"),
            "expires_at": datetime.now(UTC) + KEYS_LAST,
        }

    return keys
