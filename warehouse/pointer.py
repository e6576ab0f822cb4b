"""A folder of database files of which one is current: staging and published tables change by one atomic rename.

A new file is built under a hidden name, closed, synced and renamed to a name that was never used before; then
``current.json`` is replaced, which is the instant at which readers see it. The files before it stay a while, so that a
reader who has just resolved the pointer, or still holds an old file open, is not disturbed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from lake.errors import DamagedError, StorageError
from lake.layout import segment
from lake.writes import committing
from warehouse.duck import synced

NAME = "current.json"
SUFFIX = ".duckdb"


def current(folder: Path) -> Path | None:
    """The current file; None where nothing was ever finished. DamagedError where the pointer is unreadable."""
    entry = details(folder)
    return folder / str(entry["file"]) if entry else None


def standing(folder: Path) -> str | None:
    """The name of the current file, if there is one to be read; None also where pointer or file is broken.

    For who would make it anew then; readers ask ``current``, which says what is wrong.
    """
    with contextlib.suppress(DamagedError):
        path = current(folder)
        return path.name if path is not None and path.exists() else None
    return None


def details(folder: Path) -> dict[str, object] | None:
    """What the pointer says: ``file``, ``kept`` (newest first) and what the writer added."""
    path = folder / NAME
    try:
        entry = json.loads(path.read_bytes())
        if not isinstance(entry, dict) or Path(entry["file"]).name != entry["file"]:
            raise ValueError("it names no file of this folder")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(
            f"the pointer to the current database is unreadable: {error}",
            where=str(path),
            fix="delete it and run again: the next run writes it anew",
        ) from None
    except OSError as error:
        raise StorageError(f"cannot read the pointer: {error.strerror}", where=str(path)) from None
    return entry


@contextlib.contextmanager
def building(folder: Path, run_id: str) -> Iterator[Path]:
    """The hidden name under which the next file is built; removed where the block fails."""
    with _storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".{segment(run_id, 'run id')}{SUFFIX}.building"
        _remove(path)
    try:
        yield path
    except BaseException:
        _remove(path)
        raise


def finish(folder: Path, built: Path, run_id: str, *, site: str, keep: int = 2, **added: object) -> Path:
    """Give ``built`` its name, point to it, remove all but the newest ``keep`` files; the name is the result.

    The commit points are ``<site>.file`` and ``<site>.pointer``.
    """
    with _storage(folder):
        path = _free(folder, run_id)
        synced(built)
        with committing(f"{site}.file", str(path)):
            built.rename(path)
            synced(folder)
        kept = [path.name, *_kept(folder)][: max(keep, 2)]
        _point(folder, {"file": path.name, "kept": kept, **added}, f"{site}.pointer")
        _prune(folder, kept)
    return path


def _free(folder: Path, run_id: str) -> Path:
    """A name that no reader can hold: DuckDB gives the old file to whoever opens a path that was renamed over."""
    names = (run_id if number == 1 else f"{run_id}-{number}" for number in range(1, 10_000))
    return next(path for name in names if not (path := folder / f"{name}{SUFFIX}").exists())


def _kept(folder: Path) -> list[str]:
    try:
        entry = details(folder) or {}
    except DamagedError:
        return []
    kept = entry.get("kept")
    return [str(name) for name in kept if (folder / str(name)).exists()] if isinstance(kept, list) else []


def _point(folder: Path, entry: Mapping[str, object], site: str) -> None:
    path, written = folder / NAME, folder / f".{NAME}.{os.getpid()}"
    written.write_text(json.dumps(entry, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    synced(written)
    with committing(site, str(path)):
        written.replace(path)
        synced(folder)


def _prune(folder: Path, kept: list[str]) -> None:
    for path in folder.iterdir():
        ours = path.name.removeprefix(".").removesuffix(".wal").removesuffix(".building").endswith(SUFFIX)
        if path.name.startswith(f".{NAME}.") or (ours and path.name.removesuffix(".wal") not in kept):
            _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


@contextlib.contextmanager
def _storage(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write the database files: {error.strerror or error}",
            where=str(error.filename or folder),
            fix="check the folder's rights and the space left, then run again",
        ) from error
