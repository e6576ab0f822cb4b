"""Logs: silent unless asked, one line per event, every written path, no secret."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import stamina

from lake import writes
from lake.retries import log_retries
from pipeline.observe import logs
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.secret import Secret


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    yield
    logs.configure(verbose=False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_nothing_is_said_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(verbose=False)
    logs.event("something", a=1)
    with writes.committing("bronze.page", "bronze/x"):
        pass
    assert capsys.readouterr() == ("", "")


def test_structlog_is_not_imported_when_nobody_listens() -> None:
    code = (
        "import sys; from pipeline.observe import logs; logs.configure(verbose=False); logs.event('a'); "
        "sys.exit('structlog' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_event_is_a_line_of_json_with_what_was_bound() -> None:
    stream = io.StringIO()
    logs.configure(verbose=True, stream=stream)
    logs.bind(run_id="run-a")
    logs.retrying("lost a race", 1)
    (line,) = lines(stream)
    assert line.pop("timestamp")
    assert line == {"event": "retrying", "level": "info", "run_id": "run-a", "reason": "lost a race", "attempt": 1}


def test_every_path_written_is_said_once_and_a_failed_write_never() -> None:
    stream = io.StringIO()
    logs.configure(verbose=True, stream=stream)
    logs.configure(verbose=True, stream=stream)
    with writes.committing("bronze.manifest", "bronze/a/manifest.json"):
        pass
    with pytest.raises(OSError, match="full"), writes.committing("silver.merge", "silver/t"):
        raise OSError("full")
    (line,) = lines(stream)
    assert (line["event"], line["site"], line["path"]) == ("written", "bronze.manifest", "bronze/a/manifest.json")


def test_a_stage_says_records_fetched_and_after_cleaning() -> None:
    stream = io.StringIO()
    logs.configure(verbose=True, stream=stream)
    table = TableOutcome(
        "weather_observations", rows_in=75, valid=72, rejected=2, refused=1, rows_out=72, output_version=3
    )
    logs.stage_ended(StageOutcome("silver", "done", (table,), 0.5, ("a load left out",)))
    of_table, of_stage = lines(stream)
    assert (of_table["records_in"], of_table["records_after_cleaning"], of_table["records_rejected"]) == (75, 72, 2)
    assert (of_stage["status"], of_stage["records_out"], of_stage["problems"]) == ("done", 72, ["a load left out"])


def test_no_secret_leaves_in_any_field() -> None:
    stream = io.StringIO()
    logs.configure(verbose=True, stream=stream)
    Secret("c4nary-token")
    logs.event(
        "c4nary-token",
        text="c4nary-token",
        url="postgresql://lake:c4nary-word@db/x",
        error=ValueError("c4nary-token"),
        nested={"list": ["c4nary-token"]},
        secret=Secret("c4nary-token"),
    )
    assert "c4nary" not in stream.getvalue()
    assert stream.getvalue().count("****") >= 6


def test_what_lake_and_warehouse_log_is_passed_on_once() -> None:
    stream = io.StringIO()
    Secret("c4nary-token")
    for _ in range(2):
        logs.configure(verbose=True, stream=stream)
    logging.getLogger("warehouse.backends.postgres").warning("lost the connection with %s", "c4nary-token")
    logging.getLogger("somebody.elses").warning("none of our business")
    logs.configure(verbose=False)
    logging.getLogger("lake.silver").info("nobody listens")
    (line,) = lines(stream)
    assert (line["message"], line["logger"]) == ("lost the connection with ****", "warehouse.backends.postgres")


def test_a_retry_is_logged_and_never_printed(capsys: pytest.CaptureFixture[str]) -> None:
    log_retries()
    stream = io.StringIO()
    logs.configure(verbose=True, stream=stream)
    for attempt in stamina.retry_context(on=ValueError, attempts=2, wait_initial=0.001, wait_jitter=0):
        with attempt:
            if attempt.num == 1:
                raise ValueError("lost the connection")
    assert capsys.readouterr() == ("", "")
    (line,) = lines(stream)
    assert str(line["message"]).startswith("attempt 1 failed, again in ")
    assert str(line["message"]).endswith("lost the connection")


def test_a_terminal_gets_lines_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure(verbose=True, stream=stream)
    logs.event("written", path="silver/t")
    assert "written" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
