"""How we open DuckDB files, and what its errors mean: damage, a held lock, a full disk. One place, in our words.

DuckDB tells these apart by message only; the messages are those of DuckDB 2.0 and are held by tests that cause them.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lake.duck import configure
from lake.errors import DamagedError, MirrorlakeError, StorageError, WarehouseError
from lake.sql import literal, quoted
from lake.storage.faults import is_outage, storage_error

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "configure", "explained", "is_damaged", "literal", "memory", "opened", "quoted", "set_aside", "stamp", "synced",
    "translated",
]  # fmt: skip

_HOLDER = re.compile(r"Conflicting lock is held in (.+?) \(PID (\d+)\)")
_FILE = re.compile(r'file "([^"]+)"')
_URL = re.compile(r"s3://[^'\"\s\])]+")
_PARQUET = re.compile(r"['\"]([^'\"]+\.parquet)['\"]")
_DAMAGE = ("not a valid DuckDB database", "Corrupt database file", "replaying WAL", "storage version", "version number")
_SHORT_READ = "Could not read enough bytes"
_FULL = ("No space left", "Disk quota exceeded", "File too large")
_REFUSED = ("Cannot open file", "Permission denied", "Read-only file system", "Is a directory")


@contextlib.contextmanager
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, of its own."""
    import duckdb

    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        yield configure(connection)


@contextlib.contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database file at ``path``, closed at the end, its errors in our words (see ``explained``)."""
    import duckdb

    with explained(path), contextlib.closing(duckdb.connect(str(path), read_only=read_only)) as connection:
        yield configure(connection)


def is_damaged(path: Path, schema: str) -> bool:
    """Whether a table of ``schema`` in the database at ``path`` cannot be read; every block of them is, once.

    False where another process holds the file, and nobody can tell.
    """
    try:
        with opened(path, read_only=True) as connection:
            tables = connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ?",
                [schema],
            )
            for (table,) in tables.fetchall():
                connection.execute(f"SELECT max(hash(t)) FROM {quoted(schema)}.{quoted(table)} AS t").fetchall()
        return False
    except DamagedError:
        return True
    except MirrorlakeError:
        return False


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors about the file at ``path`` into ours.

    DamagedError where the file cannot be read as a database, StorageError for a held lock, missing rights and a full
    disk, WarehouseError for all else. Constraint errors pass: who loads knows what they mean.
    """
    import duckdb

    try:
        yield
    except (MirrorlakeError, duckdb.ConstraintException):
        raise
    except (duckdb.Error, OSError) as error:
        raise translated(error, path) from error


def translated(error: Exception, path: Path) -> MirrorlakeError:
    """Our error for DuckDB's, by its message."""
    message = str(error)
    if isinstance(error, OSError):
        where = str(error.filename or path)
        return StorageError(f"{error.strerror or error}", where=where, fix="check the folder, its rights and its space")
    if is_outage(error):
        named = _URL.search(message)
        return storage_error(error, named[0].rstrip(".") if named else str(path), "read")
    return (
        _storage_error(message, path) or _damage(message, path) or WarehouseError(f"DuckDB: {message}", where=str(path))
    )


def _storage_error(message: str, path: Path) -> StorageError | None:
    if holder := _HOLDER.search(message):
        return StorageError(
            "the database file is held by another process",
            where=f"{path}, held by process {holder[2]} ({holder[1]})",
            fix="wait for that process to end, or close it",
        )
    # The message knows better than we which file of several it was.
    where = named[1] if (named := _FILE.search(message)) else str(path)
    if any(sign in message for sign in _FULL):
        return StorageError("the disk is full, or a quota of it", where=where, fix="free some space, then run again")
    if any(sign in message for sign in _REFUSED) and not _PARQUET.search(message):
        return StorageError(_first_line(message), where=where, fix="check the folder, its rights and its space")
    return None


def _damage(message: str, path: Path) -> DamagedError | None:
    if parquet := _PARQUET.search(message):
        return DamagedError(
            f"a file of the lake cannot be read: {_first_line(message)}",
            where=parquet[1],
            fix="build it anew: mirrorlake rebuild --from bronze",
        )
    if any(sign in message for sign in _DAMAGE) or (_SHORT_READ in message and str(path) in message):
        return DamagedError(
            f"the database file is damaged: {_first_line(message)}",
            where=str(path),
            fix="run again (mirrorlake run): what lies in such files is built anew from the lake",
        )
    return None


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0]


def stamp(path: Path) -> str | None:
    """By what a file is known again without being read: its size and when it last changed. None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_size} bytes, changed at {status.st_mtime_ns}"


def synced(path: Path) -> None:
    """Make what was written to ``path`` (a file, or a folder's entries) outlast a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path) -> Path:
    """Rename a damaged database (and its WAL) to ``<name>.damaged-N``, the first N that is free; give the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    wal = path.with_name(path.name + ".wal")
    if wal.exists():
        wal.rename(aside.with_name(aside.name + ".wal"))
    return aside
