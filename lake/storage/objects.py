"""Objects: the bytes of the lake, in a folder or in a bucket, by one client (obstore).

Keys are relative to the root and come from ``lake.layout``. Every write is atomic: ``put_new`` is create-only, ``put``
replaces; nobody ever sees half an object, and one that fails leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from lake.errors import AlreadyExistsError, StorageError
from lake.storage import conditional
from lake.storage.again import again
from lake.storage.credentials import retry_seconds
from lake.storage.faults import is_bucket_missing, storage_error
from lake.storage.opening import Options, open_store
from lake.writes import committing

_DELETED_AT_ONCE = 1000  # what S3 takes in one request

Result = TypeVar("Result")


@dataclass(frozen=True)
class ObjectInfo:
    """One object: its key, its size in bytes, when it was last written (UTC)."""

    key: str
    size: int
    modified: datetime


class Objects:
    """All objects under ``root``: a folder (made when first written to) or a URL such as ``s3://bucket/prefix``.

    ``options`` are object options (see ``lake.storage.credentials``), or what gives them anew for each use, because
    the keys of a role expire.
    """

    def __init__(self, root: str, options: Options | None = None) -> None:
        plain = root.removeprefix("file://")
        self.is_local = "://" not in plain
        self.root = str(Path(plain).absolute()) if self.is_local else plain.rstrip("/")
        self._options = options if callable(options) else lambda: options or {}

    @property
    def table_options(self) -> dict[str, str]:
        """The options for libraries that open a table by ``url``."""
        return dict(self._options())

    def url(self, key: str) -> str:
        """The absolute path or URL of a key."""
        return f"{self.root}/{key}" if key else self.root

    def get(self, key: str) -> bytes:
        """The bytes of an object; StorageError where there is none or it cannot be read."""
        data = self.get_or_none(key)
        if data is None:
            raise StorageError("there is no such object", where=self.url(key), fix="was it moved or deleted by hand?")
        return data

    def get_or_none(self, key: str) -> bytes | None:
        """The bytes of an object, or None where there is none."""
        import obstore

        if self._is_absent:
            return None
        try:
            return self._again(lambda: bytes(obstore.get(self._store, key).bytes()))
        except FileNotFoundError as error:
            self._require_bucket(error, key)
            return None
        except Exception as error:
            raise storage_error(error, self.url(key), "read") from error

    def get_tagged(self, key: str) -> tuple[bytes, str] | None:
        """The bytes of an object of a bucket and the tag of this version of it; None where there is none."""
        import obstore

        try:
            return self._again(lambda: _tagged(obstore.get(self._store, key)))
        except FileNotFoundError as error:
            self._require_bucket(error, key)
            return None
        except Exception as error:
            raise storage_error(error, self.url(key), "read") from error

    def swap(self, key: str, data: bytes, tag: str | None) -> bool:
        """Replace an object of a bucket if it still has this tag (None: if there is none); False if it has not."""
        try:
            return self._write(key, data, "create" if tag is None else {"e_tag": tag})
        except Exception as error:
            raise storage_error(error, self.url(key), "write") from error

    def put_new(self, key: str, data: bytes, site: str) -> None:
        """Create an object; AlreadyExistsError where there is one, which then stays as it was."""
        self._put(key, data, site, "create")

    def put(self, key: str, data: bytes, site: str) -> None:
        """Create or replace an object, in one step."""
        self._put(key, data, site, "overwrite")

    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        import obstore

        if self._is_absent:
            return False
        try:
            self._again(lambda: obstore.head(self._store, key))
        except FileNotFoundError:
            return False
        except Exception as error:
            raise storage_error(error, self.url(key), "read") from error
        return True

    def list(self, prefix: str) -> list[ObjectInfo]:
        """Every object below the folder ``prefix``, however deep, sorted by key; none where there is no such folder."""
        import obstore

        if self._is_absent:
            return []
        try:
            found = self._again(lambda: obstore.list(self._store, prefix or None, chunk_size=5000).collect())
        except FileNotFoundError as error:
            self._require_bucket(error, prefix)
            return []
        except Exception as error:
            raise storage_error(error, self.url(prefix), "list") from error
        infos = [ObjectInfo(entry["path"], entry["size"], entry["last_modified"]) for entry in found]
        return sorted(infos, key=lambda info: info.key)

    def delete(self, keys: Iterable[str], site: str) -> None:
        """Delete these objects; one that is not there is no error."""
        import obstore

        wanted = [] if self._is_absent else list(keys)
        size = 1 if self.is_local else _DELETED_AT_ONCE  # a folder's one missing file would hide what became of others
        for start in range(0, len(wanted), size):
            chunk = wanted[start : start + size]
            with committing(site, self.url(chunk[0])):
                try:
                    self._again(partial(obstore.delete, self._store, chunk))
                except FileNotFoundError:
                    continue
                except Exception as error:
                    raise storage_error(error, self.url(chunk[0]), "delete") from error

    def _put(self, key: str, data: bytes, site: str, mode: Literal["create", "overwrite"]) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError as ObjectExistsError

        self._make_root(key)
        with committing(site, self.url(key)):
            try:
                if self.is_local or mode == "overwrite":
                    self._again(lambda: obstore.put(self._store, key, data, mode=mode, use_multipart=False))
                elif not self._write(key, data, mode):
                    raise ObjectExistsError(key)
            except ObjectExistsError:
                raise AlreadyExistsError(
                    "there is an object already, and it may not be overwritten", where=self.url(key)
                ) from None
            except Exception as error:
                raise storage_error(error, self.url(key), "write") from error

    def _again(self, call: Callable[[], Result]) -> Result:
        """A call that is safe to repeat; a folder either answers or does not."""
        return call() if self.is_local else again(call, retry_seconds(self._options()))

    def _write(self, key: str, data: bytes, mode: object) -> bool:
        return conditional.write(self._store, key, data, mode, retry_seconds(self._options()))

    @cached_property
    def _store(self) -> Any:
        return open_store(self.root, self.is_local, self._options)

    def _require_bucket(self, error: Exception, key: str) -> None:
        """An object that is not there is one thing, a bucket that is not there another."""
        if is_bucket_missing(error):
            raise storage_error(error, self.url(key), "read") from error

    @property
    def _is_absent(self) -> bool:
        """Whether the root is a folder that was not made yet."""
        return self.is_local and "_store" not in self.__dict__ and not Path(self.root).is_dir()

    def _make_root(self, key: str) -> None:
        if not self._is_absent:
            return
        try:
            Path(self.root).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, self.url(key), "write") from error


def _tagged(found: Any) -> tuple[bytes, str]:
    return bytes(found.bytes()), str(found.meta["e_tag"])
