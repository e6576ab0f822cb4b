"""Objects: the bytes of the lake, in a folder or in a bucket, by one client (obstore).

Keys are relative to the root and come from ``lake.layout``. Every write is atomic: ``put_new`` is create-only, ``put``
replaces; nobody ever sees half an object, and one that fails leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lake.errors import AlreadyExistsError, StorageError
from lake.storage.faults import storage_error
from lake.writes import committing

_DELETED_AT_ONCE = 1000  # what S3 takes in one request
_OF_THE_CONNECTION = frozenset({"allow_http", "allow_invalid_certificates", "timeout", "connect_timeout", "proxy_url"})


@dataclass(frozen=True)
class ObjectInfo:
    """One object: its key, its size in bytes, when it was last written (UTC)."""

    key: str
    size: int
    modified: datetime


class Objects:
    """All objects under ``root``: a folder (made when first written to) or a URL such as ``s3://bucket/prefix``.

    ``options`` are handed on as they are to obstore, deltalake and Polars, which spell them alike.
    """

    def __init__(self, root: str, options: Mapping[str, str] | None = None) -> None:
        plain = root.removeprefix("file://")
        self.is_local = "://" not in plain
        self.root = str(Path(plain).absolute()) if self.is_local else plain.rstrip("/")
        self._options = dict(options or {})

    @property
    def table_options(self) -> dict[str, str]:
        """The options for libraries that open a table by ``url``."""
        return dict(self._options)

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
            return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None
        except Exception as error:
            raise storage_error(error, self.url(key), "read") from error

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
            obstore.head(self._store, key)
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
            found = obstore.list(self._store, prefix or None, chunk_size=5000).collect()
        except FileNotFoundError:
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
                    obstore.delete(self._store, chunk)
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
                obstore.put(self._store, key, data, mode=mode, use_multipart=False)
            except ObjectExistsError:
                raise AlreadyExistsError(
                    "there is an object already, and it may not be overwritten", where=self.url(key)
                ) from None
            except Exception as error:
                raise storage_error(error, self.url(key), "write") from error

    @cached_property
    def _store(self) -> Any:
        with _opening(self.root):
            if self.is_local:
                from obstore.store import LocalStore

                return LocalStore(self.root)
            from obstore.store import from_url

            # obstore alone splits them: what is meant for the connection is no setting of the store
            connection = {name: value for name, value in self._options.items() if name in _OF_THE_CONNECTION}
            store = {name: value for name, value in self._options.items() if name not in connection}
            open_url: Any = from_url
            return open_url(self.root, config=store, client_options=connection)

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


@contextmanager
def _opening(root: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise storage_error(error, root, "open") from error
