"""Structured logs on standard error: silent by default, with ``-v`` one line per event (JSON when piped).

Every event passes the mask of ``pipeline.secret``. structlog is imported only when somebody listens. ``lake`` and
``warehouse``, which cannot import this, log by Python's own logging; their lines are passed on.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

from lake import writes
from pipeline.secret import mask

if TYPE_CHECKING:
    from pipeline.outcome import StageOutcome
    from pipeline.settings import Settings


OURS = ("pipeline", "warehouse", "lake")


class _Listener:
    """Who listens: nobody, until ``configure(verbose=True)``."""

    emit: Callable[..., object] | None = None
    bound: dict[str, object] = {}  # noqa: RUF012 (replaced, never changed)
    stop_observing: Callable[[], None] | None = None


def configure(*, verbose: bool, settings: Settings | None = None, stream: TextIO | None = None) -> None:
    """Listen or not, from now on. Logs go to ``stream`` (standard error): for people if it is a terminal, else JSON."""
    if _Listener.stop_observing:
        _Listener.stop_observing()
    _Listener.emit = _Listener.stop_observing = None
    for name in OURS:
        logging.getLogger(name).removeHandler(_PASSED_ON)
    _Listener.bound = {"env": settings.env} if settings else {}
    if verbose:
        _Listener.emit = _structlog(stream or sys.stderr)
        _Listener.stop_observing = writes.observe(_written)
        for name in OURS:
            logging.getLogger(name).addHandler(_PASSED_ON)
            logging.getLogger(name).setLevel(logging.INFO)


def bind(**fields: object) -> None:
    """Add fields (the run id) to every later event, whatever thread it comes from."""
    _Listener.bound = _Listener.bound | fields


def event(name: str, **fields: object) -> None:
    """Say that ``name`` happened; costs nothing when nobody listens."""
    if _Listener.emit:
        _Listener.emit(name, **{**_Listener.bound, **fields})


def stage_ended(outcome: StageOutcome) -> None:
    """One event per stage and one per table: records fetched, records after cleaning, records written."""
    for table in outcome.tables:
        event(
            "table",
            stage=outcome.stage,
            table=table.table,
            records_in=table.rows_in,
            records_after_cleaning=table.valid,
            records_rejected=table.rejected,
            records_refused=table.refused,
            records_out=table.rows_out,
            version=table.output_version,
        )
    event(
        "stage",
        stage=outcome.stage,
        status=outcome.status,
        seconds=outcome.seconds,
        records_in=outcome.total("rows_in"),
        records_out=outcome.total("rows_out"),
        problems=list(outcome.problems),
        error=outcome.error,
    )


def retrying(reason: str, attempt: int) -> None:
    """Something failed and is tried again."""
    event("retrying", reason=reason, attempt=attempt)


def _written(moment: writes.Moment, site: str, path: str) -> None:
    if moment == "after":
        event("written", site=site, path=path)


class _PassOn(logging.Handler):
    """Makes an event of a line of Python's own logging."""

    def emit(self, record: logging.LogRecord) -> None:
        event("log", logger=record.name, level_name=record.levelname.lower(), message=record.getMessage())


_PASSED_ON = _PassOn()


def _structlog(stream: TextIO) -> Callable[..., object]:
    import structlog

    pretty = stream.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(default=str)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            masked,
            renderer,
        ],
        wrapper_class=structlog.BoundLogger,
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    emit: Callable[..., object] = structlog.get_logger().info
    return emit


def masked(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: no known secret and no URL's password leaves in any field."""
    return {key: _mask_any(value) for key, value in event_dict.items()}


def _mask_any(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_mask_any(each) for each in value]
    if isinstance(value, dict):
        return {key: _mask_any(each) for key, each in value.items()}
    return mask(str(value))
