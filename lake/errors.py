"""The one tree of errors: each says what happened, where, why, and what to do about it.

Commands turn a ``MirrorlakeError`` into a message and its exit code; they never show a traceback for one.
"""

from __future__ import annotations

from collections.abc import Iterable


class MirrorlakeError(Exception):
    """What went wrong (``what``), where, and what to do (``fix``). ``str()`` gives all of it, one line each."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  what to do: {self.fix}")
        return "\n".join(lines)


class UsageError(MirrorlakeError):
    """The command line was wrong; nothing was tried."""

    exit_code = 2


class UnknownChoiceError(UsageError):
    """A name that is not one of the known ones; the message lists them."""

    def __init__(self, kind: str, given: str, known: Iterable[str], *, where: str | None = None) -> None:
        self.kind = kind
        self.known = sorted(known)
        super().__init__(
            f"unknown {kind}: {given!r}",
            where=where,
            fix=f"choose one of: {', '.join(self.known) or '(none known)'}",
        )


class ConfigError(MirrorlakeError):
    """A profile, an environment variable or a setting is missing or wrong."""


class ContractError(MirrorlakeError):
    """A contract cannot be read or contradicts itself; ``where`` is file and line."""


class GraphError(MirrorlakeError):
    """Transformations that form a cycle, or read a table that nobody writes."""


class SourceError(MirrorlakeError):
    """A source did not answer, or refused; carries the source's own words."""


class PayloadError(SourceError):
    """A body that cannot be taken as data: error body, HTML, truncated, NaN, too deep. Kept for inspection."""


class NotRecordedError(SourceError):
    """A place or date that is not among the recordings; the message says what is and that ``--live`` fetches."""


class StorageError(MirrorlakeError):
    """The lake cannot be read or written: full disk, read-only, permission, missing bucket."""


class CloudError(MirrorlakeError):
    """A service of the cloud refused or did not answer; carries its code and words."""


class AlreadyExistsError(StorageError):
    """A create-only write met an object that is already there."""


class DamagedError(StorageError):
    """A file of the lake or a database file is unreadable or its hash is wrong."""


class TableError(MirrorlakeError):
    """A lake table refuses: schema drift, a suspicious shrink, a lost race."""


class LostRaceError(TableError):
    """Another writer committed first, and nothing was written: the same work may succeed when it is done again."""


class LeaseHeldError(MirrorlakeError):
    """Another run holds the lease; the message says who, where, since when."""


class EngineError(MirrorlakeError):
    """An engine failed while it ran a transformation."""


class IntegrityError(MirrorlakeError):
    """The staging database refused rows: key, reference or check broken; names the constraint and example rows."""


class WarehouseError(MirrorlakeError):
    """The warehouse, or dbt in it, failed."""


class AuditFailedError(MirrorlakeError):
    """Critical checks failed, so nothing was published; names table, rule, count, example rows."""


class MissingExtraError(MirrorlakeError):
    """An optional driver is not installed; the message names the extra to install."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed", fix=f"install the extra: pip install 'mirrorlake[{extra}]'")
