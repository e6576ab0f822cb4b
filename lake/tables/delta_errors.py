"""What failed calls on a Delta table mean, in our words: damaged file, lost race, full disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import DamagedError, LostRaceError, MirrorlakeError, TableError
from lake.storage.faults import fault, storage_error

REBUILD = "mirrorlake rebuild --from bronze makes silver again, mirrorlake run --force what follows"


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Stand around the collecting of a scan: a file that is missing, unreadable or no file of this table becomes a
    DamagedError. Polars panics, which is no Exception, where a file ends before its footer says so.
    """
    import polars as pl

    try:
        yield
    except FileNotFoundError as error:
        raise DamagedError(f"a data file is missing: {first_line(error)}", where=where, fix=REBUILD) from None
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        if fault(error):
            raise storage_error(error, where, "read") from error
        raise DamagedError(f"a data file cannot be read: {first_line(error)}", where=where, fix=REBUILD) from None


@contextmanager
def writing(where: str) -> Iterator[None]:
    """Stand around a call that writes: its failure becomes an error of ours."""
    try:
        yield
    except MirrorlakeError:
        raise
    except Exception as error:
        raise write_error(error, where) from error


def write_error(error: Exception, where: str) -> MirrorlakeError:
    """The StorageError, LostRaceError or TableError for a write that failed; an error of ours stays as it is."""
    from deltalake.exceptions import CommitFailedError

    if isinstance(error, MirrorlakeError):
        return error
    if fault(error) or isinstance(error, OSError):
        return storage_error(error, where, "write")
    if isinstance(error, CommitFailedError):
        return LostRaceError(
            f"another writer was quicker: {first_line(error)}",
            where=where,
            fix="nothing was written; repeat the run (one run at a time holds the lease)",
        )
    return TableError(f"the table refused: {first_line(error)}", where=where, fix="nothing was written")


def first_line(error: BaseException) -> str:
    """The first line of its text, or its type's name."""
    return str(error).split("\n", 1)[0] or type(error).__name__
