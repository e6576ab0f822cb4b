"""The files of a bucket as DuckDB sees them: never changed once written, so what is known of one is asked for once.

DuckDB asks for size, kind and time of a file a dozen times while it reads it; to a bucket each is a request.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from obstore.fsspec import FsspecStore


class LakeFiles(FsspecStore):
    """obstore's file system, which remembers what it was told, for the life of one connection."""

    cachable = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._told: dict[str, dict[str, Any]] = {}
        self._modified: dict[str, datetime] = {}

    async def _info(self, path: str, **options: Any) -> dict[str, Any]:
        if path not in self._told:
            found = await super()._info(path, **options)
            if found["type"] != "file":
                return found
            self._told[path] = found
        return self._told[path]

    def modified(self, path: str) -> datetime:
        """When the file was written."""
        if path not in self._modified:
            self._modified[path] = super().modified(path)
        return self._modified[path]
