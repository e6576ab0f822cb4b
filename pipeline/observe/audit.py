"""The audit trail: one JSON file per call of a stage, written once, never changed. ``runs`` and the dashboard read it.

A record says what a stage was asked to do, from which versions it made which, how many rows went where, and how it
ended; a failed call leaves one as a good one does. Secrets are masked before anything is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lake import layout
from lake.errors import UnknownChoiceError
from pipeline.fingerprint import code_hash
from pipeline.outcome import TableOutcome
from pipeline.process import this_process
from pipeline.secret import mask

if TYPE_CHECKING:
    from lake.storage.objects import ObjectInfo, Objects
    from pipeline.context import RunContext
    from pipeline.graph import Stage
    from pipeline.outcome import StageOutcome

# The worst word of a run's stages is the run's.
_WORST_FIRST = ("failed", "skipped", "stale", "done", "unchanged")
UNFINISHED = "unfinished"
AT_WORK = "at work"


@dataclass(frozen=True)
class AuditRecord:
    """One call of one stage. ``ahead``: the stages that the same process still had to bring to an end then."""

    run_id: str
    stage: str
    env: str
    run_dates: tuple[date, ...]
    status: str
    started_at: datetime
    ended_at: datetime
    seconds: float
    tables: tuple[TableOutcome, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    error: str | None
    code_version: str
    host: str
    user: str
    pid: int
    ahead: tuple[str, ...] = ()

    @property
    def call(self) -> str:
        """Its name within the run: the stage and the instant at which it began."""
        return f"{self.stage.replace(' ', '-')}-{self.started_at:%Y%m%dT%H%M%S%f}"

    def to_json(self) -> bytes:
        """As stored; every text in it has passed the mask."""
        return json.dumps(_masked(asdict(self)), default=_plain, indent=1).encode()


@dataclass(frozen=True)
class RunAudit:
    """All records of one run, by time. ``damaged`` are files of it that could not be read."""

    run_id: str
    records: tuple[AuditRecord, ...]
    damaged: tuple[str, ...] = ()

    @cached_property
    def status(self) -> str:
        """The worst of the stages' last words; a stage that was tried again counts by its last try.

        ``unfinished`` where stages are lacking: the process was killed, or is still at work (the lease tells which).
        """
        if self.lacking:
            return UNFINISHED
        last = {record.stage: record.status for record in self.records}
        return min(last.values(), key=_WORST_FIRST.index, default="damaged" if self.damaged else UNFINISHED)

    def status_now(self, at_work: str | None) -> str:
        """``status``, or ``at work`` for the run that holds the lease (``pipeline.lease.claimed``)."""
        return AT_WORK if self.run_id == at_work else self.status

    @property
    def lacking(self) -> tuple[str, ...]:
        """The stages that its newest process was to bring to an end, and of which it left no word."""
        if not self.records:
            return ()
        newest = max(self.records, key=lambda record: record.ended_at)
        ended = {each.stage for each in self.records if (each.host, each.pid) == (newest.host, newest.pid)}
        return tuple(name for name in newest.ahead if name not in ended)

    @property
    def started_at(self) -> datetime | None:
        """When its first call began."""
        return min((record.started_at for record in self.records), default=None)

    @property
    def ended_at(self) -> datetime | None:
        """When its last call ended."""
        return max((record.ended_at for record in self.records), default=None)

    @property
    def run_dates(self) -> tuple[date, ...]:
        """Every run date that it covered, in order."""
        return tuple(sorted({day for record in self.records for day in record.run_dates}))


def write_stage_record(context: RunContext, stage: Stage, outcome: StageOutcome, started_at: datetime) -> AuditRecord:
    """Record one call of a stage; ``started_at`` in UTC."""
    process = this_process()
    record = AuditRecord(
        run_id=context.run_id,
        stage=stage.name,
        env=context.workspace.settings.env,
        run_dates=context.selection.run_dates,
        status=outcome.status,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        seconds=outcome.seconds,
        tables=outcome.tables,
        problems=outcome.problems,
        notes=outcome.notes,
        error=outcome.error,
        code_version=code_hash(),
        host=process.host,
        user=process.user,
        pid=process.pid,
        ahead=tuple(each.name for each in context.graph.stages if each.name in context.ahead),
    )
    write_record(context.workspace.objects, record)
    return record


def write_record(objects: Objects, record: AuditRecord) -> None:
    """Store a record, create-only."""
    objects.put_new(layout.audit_record(record.run_id, record.call), record.to_json(), "audit.record")


def read_runs(objects: Objects, limit: int | None = 20) -> list[RunAudit]:
    """The newest ``limit`` runs (None: all), newest first."""
    by_run = _listed(objects, layout.audit_root())
    newest = sorted(by_run, key=lambda run_id: max(info.modified for info in by_run[run_id]), reverse=True)
    return [_read(objects, run_id, by_run[run_id]) for run_id in newest[:limit]]


def read_run(objects: Objects, run_id: str) -> RunAudit:
    """One run by its id or by the beginning of it, if only one begins so; else the known ones are listed."""
    by_run = _listed(objects, layout.audit_root())
    meant = [run_id] if run_id in by_run else [known for known in by_run if run_id and known.startswith(run_id)]
    if len(meant) != 1:
        kind = "run" if not meant else "run (several begin so)"
        raise UnknownChoiceError(kind, run_id, meant or sorted(by_run)[-20:])
    return _read(objects, meant[0], by_run[meant[0]])


def recorded(objects: Objects, run_id: str) -> RunAudit:
    """The run of exactly this id, without records if it left none."""
    return _read(objects, run_id, _listed(objects, layout.audit_run(run_id)).get(run_id, []))


def _listed(objects: Objects, prefix: str) -> dict[str, list[ObjectInfo]]:
    marker = f"{layout.audit_root()}/run_id="
    infos = [info for info in objects.list(prefix) if info.key.startswith(marker)]

    def run_of(info: ObjectInfo) -> str:
        return info.key.removeprefix(marker).partition("/")[0]

    return {run_id: list(group) for run_id, group in groupby(sorted(infos, key=lambda each: each.key), key=run_of)}


def _read(objects: Objects, run_id: str, infos: Sequence[ObjectInfo]) -> RunAudit:
    records, damaged = [], []
    for info in infos:
        try:
            records.append(from_json(objects.get(info.key)))
        except (ValueError, KeyError, TypeError):
            damaged.append(info.key)
    return RunAudit(run_id, tuple(sorted(records, key=lambda record: record.started_at)), tuple(damaged))


def from_json(data: bytes) -> AuditRecord:
    """A stored record; ValueError, KeyError or TypeError if it is none."""
    raw: dict[str, Any] = json.loads(data)
    tables = tuple(TableOutcome(**{**table, "notes": tuple(table["notes"])}) for table in raw["tables"])
    return AuditRecord(
        **{
            **raw,
            "run_dates": tuple(date.fromisoformat(day) for day in raw["run_dates"]),
            "started_at": datetime.fromisoformat(raw["started_at"]),
            "ended_at": datetime.fromisoformat(raw["ended_at"]),
            "tables": tables,
            "problems": tuple(raw["problems"]),
            "notes": tuple(raw["notes"]),
            "ahead": tuple(raw.get("ahead", ())),
        }
    )


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    return value


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
