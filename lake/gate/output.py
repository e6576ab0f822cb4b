"""The two files that the gate writes: beside their place first, and there by rename when all is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import polars as pl

from lake.errors import DamagedError, StorageError
from lake.writes import committing

# With it Polars would buffer what the two sinks share, which is every row.
_NO_SHARING = pl.QueryOptFlags(comm_subplan_elim=False)


@contextmanager
def reading(source: Sequence[Path]) -> Iterator[None]:
    """Turn what Polars says of files into our errors, naming those that cannot be read."""
    try:
        yield
    except OSError as error:
        raise StorageError(str(error), fix="check the path, its permissions and the free space") from error
    except pl.exceptions.PolarsError as error:
        if damaged := [str(path) for path in source if not _readable(path)]:
            where = ", ".join(damaged)
            raise DamagedError("not readable as Parquet", where=where, fix="write the file again") from error
        raise StorageError(f"the gate stopped: {error}", fix="check permissions and the free space") from error


def _readable(path: Path) -> bool:
    try:
        pl.scan_parquet(path).select(pl.all().null_count()).collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError):
        return False
    return True


class Outputs:
    """``valid`` and ``rejected`` in the making; what was not committed is removed on leaving."""

    def __init__(self, valid: Path, rejected: Path) -> None:
        self.targets = (valid, rejected)
        self.parts = tuple(path.with_name(f".{path.name}.partial") for path in self.targets)

    def __enter__(self) -> Outputs:
        for path in self.targets:
            path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in self.parts:
            part.unlink(missing_ok=True)

    def write(self, valid: pl.LazyFrame, rejected: pl.LazyFrame) -> None:
        """Both in one streaming pass over what they read."""
        sinks = [
            frame.sink_parquet(part, lazy=True, compression="zstd", compression_level=1)
            for frame, part in zip((valid, rejected), self.parts, strict=True)
        ]
        pl.collect_all(sinks, engine="streaming", optimizations=_NO_SHARING)

    def scan_rejected(self) -> pl.LazyFrame:
        """The rejected rows as written."""
        return pl.scan_parquet(self.parts[1])

    def keep(self, condition: pl.Expr) -> None:
        """Leave only the rows of both files for which the condition holds."""
        for part in self.parts:
            rest = part.with_suffix(".rest")
            pl.scan_parquet(part).filter(condition).sink_parquet(rest)
            rest.replace(part)

    def commit(self) -> None:
        """Put both in their places."""
        for site, part, target in zip(("gate.valid", "gate.rejected"), self.parts, self.targets, strict=True):
            with committing(site, str(target)):
                part.replace(target)
