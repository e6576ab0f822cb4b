"""Which file is to blame: engines tell what is wrong with a file in their own words, and often not which one it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from lake.errors import DamagedError, EngineError, MirrorlakeError
from lake.gold.state import MISSING, Tables
from lake.storage.credentials import polars_options
from lake.storage.faults import is_outage, storage_error

AGAIN = {
    "silver": "mirrorlake rebuild --from bronze makes silver again, mirrorlake run what follows",
    "gold": "mirrorlake run --force makes gold again from silver",
}


# Polars panics, which is no Exception, where a file ends before its footer says so.
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


@contextmanager
def naming_damage(tables: Tables) -> Iterator[None]:
    """Turn a failure to read into a DamagedError that names table and file, where a file is the reason.

    Only after a failure every file of the build's tables is read once, in a fixed order. Other failures stay what they
    are; one that is nobody's error yet becomes an EngineError.
    """
    try:
        yield
    except (EngineError, *UNREADABLE) as error:
        for name, version in sorted(tables.versions.items()):
            if version != MISSING:
                _read_files(tables, name, version)
        if isinstance(error, MirrorlakeError):
            raise
        raise EngineError(f"reading failed: {error}") from error


def _read_files(tables: Tables, name: str, version: int) -> None:
    for path in tables.open(name).files(version):
        try:
            options = polars_options(tables.objects.table_options) or None
            pl.scan_parquet(path, storage_options=options).select(pl.all().null_count()).collect(engine="streaming")
        except UNREADABLE as error:
            if is_outage(error):
                raise storage_error(error, path, "read") from error
            raise DamagedError(
                f"a data file of {name} cannot be read: {str(error).splitlines()[0]}",
                where=path,
                fix=AGAIN[tables.contracts[name].layer],
            ) from error
