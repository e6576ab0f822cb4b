"""A table of the lake in Delta: read at any version, replaced in one commit.

Rows are written in the order given, so callers sort by key. A partitioned table has the column ``_partition_date``,
the date of the event truncated to the contract's granularity; the event's own column stays in the files.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lake.contract.model import Partition
from lake.errors import DamagedError, TableError
from lake.storage.again import again
from lake.storage.credentials import polars_options, retry_seconds
from lake.storage.faults import fault, storage_error
from lake.storage.objects import Objects
from lake.tables import delta_log, delta_write
from lake.tables.delta_errors import REBUILD, first_line, reading, write_error, writing
from lake.tables.delta_log import PARTITION_COLUMN
from lake.writes import committing

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["PARTITION_COLUMN", "LakeTable", "reading"]


class LakeTable:
    """The Delta table in the folder ``path`` of ``objects``. Nothing is opened before it is asked for."""

    def __init__(self, objects: Objects, path: str) -> None:
        self.objects = objects
        self.path = path
        self._opened: dict[int, DeltaTable] = {}

    @property
    def url(self) -> str:
        """Where it lies."""
        return self.objects.url(self.path)

    @property
    def options(self) -> dict[str, str]:
        """The object options by which a library opens the table, or reads its files."""
        return self.objects.table_options

    def exists(self) -> bool:
        """Whether there is a table."""
        return self.version() is not None

    def version(self) -> int | None:
        """The newest version; None where there is no table. One listing, the table is not opened."""
        newest = delta_log.newest_commit(self.objects, self.path)
        return None if newest is None else newest[0]

    def stamp(self) -> str | None:
        """Version and time of the newest commit: by that a table is known again for the price of ``version``.

        The version alone comes again where a table was deleted and made anew.
        """
        newest = delta_log.newest_commit(self.objects, self.path)
        return None if newest is None else f"{newest[0]} of {newest[1].isoformat()}"

    def version_at(self, moment: datetime) -> int:
        """The version that was the newest at ``moment`` (with a zone); TableError where there was none yet."""
        commits = [entry for entry in self.history() if entry["timestamp"] <= moment.timestamp() * 1000]
        if not commits:
            raise TableError(
                f"there was no table at {moment.isoformat()}", where=self.url, fix="ask for a later moment"
            )
        return int(max(entry["version"] for entry in commits))

    def scan(self, version: int | None = None) -> pl.LazyFrame:
        """All rows at a version (None: the newest), lazily; ``_partition_date`` is last in a partitioned table.

        A filter on ``_partition_date`` skips whole files. Collect within ``reading`` to have damaged files named.
        """
        import polars as pl

        opened = self._open(version)
        schema = delta_write.polars_schema(opened)
        files = self._files(opened, None)
        if not files:
            return pl.LazyFrame(schema=schema)
        hive = {PARTITION_COLUMN: pl.Date} if PARTITION_COLUMN in schema else None
        return pl.scan_parquet(
            files,
            glob=False,
            hive_partitioning=hive is not None,
            hive_schema=hive,
            schema={name: dtype for name, dtype in schema.items() if name != PARTITION_COLUMN},
            storage_options=polars_options(self.options) or None,
        )

    def read(self, partitions: Collection[date] | None = None, version: int | None = None) -> pl.DataFrame:
        """The rows, of some partitions if asked; DamagedError where a file cannot be read."""
        import polars as pl

        rows = self.scan(version)
        if partitions is not None:
            rows = rows.filter(pl.col(PARTITION_COLUMN).is_in(sorted(partitions)))
        with reading(self.url):
            return rows.collect()

    def height(self, version: int | None = None) -> int:
        """How many rows there are; DamagedError where a file cannot be read."""
        import polars as pl

        with reading(self.url):
            return int(self.scan(version).select(pl.len()).collect().item())

    def files(self, version: int | None = None, partitions: Collection[date] | None = None) -> list[str]:
        """Paths or URLs of the Parquet files of a version, of some partitions if asked, in a fixed order."""
        return self._files(self._open(version), partitions)

    def changed_partitions(self, since: int, until: int | None = None) -> set[date] | None:
        """The partitions that changed after version ``since``; None where it cannot be told (see ``delta_log``)."""
        newest = self.version() if until is None else until
        return None if newest is None else delta_log.changed_partitions(self.objects, self.path, since, newest)

    def replace(
        self,
        data: pl.DataFrame | pa.RecordBatchReader,
        schema: pa.Schema,
        *,
        partition: Partition | None,
        partitions: Collection[date] | None,
        site: str,
        mark: tuple[str, int] | None = None,
    ) -> int:
        """Put ``data`` in the place of the whole table, or of exactly these ``partitions``; gives the new version.

        One commit: partitions without a row in ``data`` become empty. ``schema`` is the table's, without
        ``_partition_date``; a value that would change by the cast is refused. Only a replace of the whole table may
        change schema or partitioning. ``mark`` (application id, a number not used before) goes into the commit, so
        that a call whose answer was lost finds it again.

        Raises TableError (lossy cast, foreign partition, lost race) and StorageError.
        """
        opened = self._open(None) if self.exists() else None
        wanted = delta_write.with_partition(schema, partition)
        if partitions is not None:
            self._refuse_other_shape(opened, wanted)
            if partition is None:
                raise TableError("a table without partitions is replaced as a whole", where=self.url)
            if not partitions:
                return self._version_of(opened)
        marked = opened.transaction_version(mark[0]) if opened is not None and mark is not None else None
        reader, failure = delta_write.prepared(data, schema, partition, partitions, self.url)
        with committing(site, self.url):
            try:
                return delta_write.write(self.url, self.options, reader, wanted, opened, partitions, mark)
            except Exception as error:
                if failure:
                    raise failure[0] from None
                return self._after_failure(error, mark if mark is not None and marked != mark[1] else None)

    def identity(self) -> str:
        """The table's own id: another one after it was deleted and made again, whatever its version counts."""
        return str(self._open(None).metadata().id)

    def is_damaged(self) -> bool:
        """Whether the log cannot be read; the data files are not looked at."""
        try:
            self._open(None)
        except DamagedError:
            return True
        return False

    def has_shape(self, schema: pa.Schema, partition: Partition | None) -> bool:
        """Whether columns, types, nullability and partitioning are these, so that a part can be replaced."""
        return delta_write.shape(self._open(None)) == delta_write.shape(delta_write.with_partition(schema, partition))

    def drop(self, site: str) -> None:
        """Delete the table with its log and its past."""
        self._opened.clear()
        self.objects.delete([info.key for info in self.objects.list(self.path)], site)

    def transaction_version(self, app_id: str) -> int | None:
        """The number of the last commit that was marked with this application id."""
        if not self.exists():
            return None
        found = self._open(None).transaction_version(app_id)
        return None if found is None else int(found)

    def next_mark(self) -> tuple[str, int]:
        """A mark for the next ``replace`` that no commit of this table has yet; the application is its path."""
        return self.path, (self.transaction_version(self.path) or 0) + 1

    def history(self) -> list[dict[str, Any]]:
        """Every commit that the log still has, newest first: ``version``, ``timestamp`` (ms), ``operation``, ..."""
        return list(self._open(None).history())

    def optimize(self) -> dict[str, Any]:
        """Merge small files within each partition; rows stay as they are. Gives the library's metrics."""
        opened = self._open(None)
        with committing("table.optimize", self.url), writing(self.url):
            return dict(opened.optimize.compact())

    def vacuum(self, retention_hours: float, dry_run: bool = True, keep_versions: Collection[int] = ()) -> list[str]:
        """Delete files that neither a version younger than ``retention_hours`` nor one of ``keep_versions`` needs.

        With ``dry_run`` they are only named.
        """
        opened = self._open(None)

        def call() -> list[str]:
            with writing(self.url):
                return list(
                    opened.vacuum(
                        int(retention_hours),
                        dry_run=dry_run,
                        enforce_retention_duration=False,
                        keep_versions=sorted(keep_versions) or None,
                    )
                )

        if dry_run:
            return call()
        with committing("table.vacuum", self.url):
            return call()

    def _open(self, version: int | None) -> DeltaTable:
        """The table at a version; one that was asked for by its number is kept, because it never changes."""
        if version is None:
            return self._read_log(None)
        if version not in self._opened:
            self._opened[version] = self._read_log(version)
        return self._opened[version]

    def _read_log(self, version: int | None) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            options = self.options
            if self.objects.is_local:
                return DeltaTable(self.url, version=version, storage_options=options)
            return again(lambda: DeltaTable(self.url, version=version, storage_options=options), retry_seconds(options))
        except TableNotFoundError:
            raise self._missing() from None
        except Exception as error:
            if fault(error):
                raise storage_error(error, self.url, "open") from error
            if version is not None:
                raise TableError(
                    f"version {version} cannot be opened: {first_line(error)}",
                    where=self.url,
                    fix=f"the newest is {self.version()}; older ones may have been vacuumed",
                ) from None
            raise DamagedError(
                f"the table's log cannot be read: {first_line(error)}", where=self.url, fix=REBUILD
            ) from None

    def _missing(self) -> TableError:
        return TableError("there is no such table yet", where=self.url, fix="mirrorlake run makes it")

    def _version_of(self, opened: DeltaTable | None) -> int:
        if opened is None:
            raise self._missing()
        return int(opened.version())

    def _files(self, opened: DeltaTable, partitions: Collection[date] | None) -> list[str]:
        actions = opened.get_add_actions(flatten=True)
        paths: list[str] = list(actions.column("path").to_pylist())
        if partitions is not None:
            days = actions.column(f"partition.{PARTITION_COLUMN}").to_pylist()
            paths = [path for path, day in zip(paths, days, strict=True) if day in partitions]
        return [f"{self.url}/{unquote(path)}" for path in sorted(paths)]

    def _refuse_other_shape(self, opened: DeltaTable | None, wanted: pa.Schema) -> None:
        if opened is None:
            return
        there, asked = delta_write.shape(opened), delta_write.shape(wanted)
        if there != asked:
            changed = sorted({name for name, *_ in set(there) ^ set(asked)})
            raise TableError(
                f"the table's columns differ from the contract's: {', '.join(changed) or 'their order'}",
                where=self.url,
                fix=f"replace the whole table: {REBUILD}",
            )

    def _after_failure(self, error: Exception, mark: tuple[str, int] | None) -> int:
        """A failed call may have committed: its mark tells. Otherwise the error, in our words."""
        if mark is not None and not fault(error) and self.transaction_version(mark[0]) == mark[1]:
            return int(self._open(None).version())
        raise write_error(error, self.url) from error
