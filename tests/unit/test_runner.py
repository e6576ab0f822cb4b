"""The runner on stages of its own: order, skipping, staleness, failures that stop what is behind, retries, memory."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from lake.errors import LostRaceError, StorageError, TableError
from pipeline import runner
from pipeline.context import Options, RunContext, Selection
from pipeline.graph import Graph, Stage
from pipeline.observe.audit import read_run
from pipeline.outcome import RunOutcome, StageOutcome, TableOutcome
from pipeline.plan import assess
from pipeline.progress import Quiet
from pipeline.workspace import open_workspace

INGEST = Stage("ingest api", "ingest", (), (), "api")
OTHER = Stage("ingest files", "ingest", (), (), "files")
SILVER = Stage("silver", "silver", ("ingest api", "ingest files"))
GOLD = Stage("gold", "gold", ("silver",))
GRAPH = Graph((), (INGEST, OTHER, SILVER, GOLD))


class Stages:
    """Stand-ins for pipeline.stages: each stage's inputs are a number, its work a function."""

    def __init__(self) -> None:
        self.inputs: dict[str, object] = {stage.name: 1 for stage in GRAPH.stages}
        self.work: dict[str, Callable[[], StageOutcome]] = {}
        self.calls: list[str] = []

    def module(self, stage: Stage) -> Any:
        return SimpleNamespace(
            inputs=lambda context, stage: {"number": self.inputs[stage.name]},
            outputs=lambda context, stage: {},
            execute=lambda context, stage: self._execute(stage),
        )

    def _execute(self, stage: Stage) -> StageOutcome:
        self.calls.append(stage.name)
        return self.work.get(stage.name, lambda: StageOutcome(stage.name, "done", (TableOutcome("t", rows_in=3),)))()


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    fake = Stages()
    monkeypatch.setattr("pipeline.runner.stage_module", fake.module)
    monkeypatch.setattr("pipeline.plan.stage_module", fake.module)
    monkeypatch.setattr("pipeline.runner.time.sleep", lambda seconds: None)
    return fake


@pytest.fixture
def go(project: Path, stages: Stages) -> Callable[..., RunOutcome]:
    def run(run_id: str = "run-1", **options: Any) -> RunOutcome:
        return runner.run(context(run_id, **options), GRAPH.stages, Quiet())

    return run


def context(run_id: str = "run-1", **options: Any) -> RunContext:
    none: Any = None
    return RunContext(open_workspace(), GRAPH, run_id, Selection((), ()), Options(**options), none)


def words(outcome: RunOutcome) -> dict[str, str]:
    return {stage.stage: stage.status for stage in outcome.stages}


def fail(error: Exception) -> Callable[[], StageOutcome]:
    def work() -> StageOutcome:
        raise error

    return work


def test_an_interrupt_reaches_the_stage_at_work(stages: Stages, project: Path) -> None:
    asked = context()

    def work() -> StageOutcome:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert asked.interrupted.wait(20)
        raise StorageError("told to stop")

    stages.work["silver"] = work
    with pytest.raises(KeyboardInterrupt) as stopped:
        runner.run(asked, GRAPH.stages, Quiet())
    assert stopped.value.__notes__ == ["silver: told to stop"]
    assert "gold" not in stages.calls
    last = {record.stage: record.error for record in read_run(asked.workspace.objects, "run-1").records}
    assert "told to stop" in str(last["silver"])
    assert read_run(asked.workspace.objects, "run-1").lacking == ("gold",)


def test_everything_runs_once_in_order_then_nothing(go: Callable[..., RunOutcome], stages: Stages) -> None:
    assert set(words(go()).values()) == {"done"}
    assert set(stages.calls[:2]) == {"ingest api", "ingest files"}
    assert stages.calls[2:] == ["silver", "gold"]
    assert set(words(go("run-2")).values()) == {"unchanged"}
    assert len(stages.calls) == 4
    assert go("run-3", force=True).exit_code == 0
    assert len(stages.calls) == 8


def test_only_what_changed_runs_and_plan_says_why(go: Callable[..., RunOutcome], stages: Stages) -> None:
    go()
    stages.inputs["gold"] = 2
    reasons = {a.stage.name: a.reasons for a in assess(context(), GRAPH.stages)}
    assert [name for name, why in reasons.items() if why] == ["gold"]
    assert "number" in reasons["gold"][0]
    assert words(go("run-2")) == {
        "ingest api": "unchanged", "ingest files": "unchanged", "silver": "unchanged", "gold": "done",
    }  # fmt: skip


def test_a_source_that_is_down_leaves_the_rest_stale(go: Callable[..., RunOutcome], stages: Stages) -> None:
    stages.work["ingest api"] = fail(StorageError("the API said: maintenance"))
    outcome = go()
    assert words(outcome) == {"ingest api": "failed", "ingest files": "done", "silver": "stale", "gold": "stale"}
    assert outcome.exit_code == 1
    del stages.work["ingest api"]
    again = go("run-2")
    assert words(again)["ingest api"] == "done"
    assert again.exit_code == 0


def test_what_is_stale_is_known_to_later_processes(go: Callable[..., RunOutcome], stages: Stages) -> None:
    stages.work["ingest api"] = fail(StorageError("the API said: maintenance"))
    go()
    alone = runner.run(context("run-2"), [GOLD], Quiet())  # as an orchestrator does, or --job gold
    assert words(alone) == {"gold": "stale"}
    assert alone.exit_code == 1
    assert context().stale == ("ingest api: the API said: maintenance",)
    assert words(runner.unchanged(context("run-3"), [OTHER, GOLD])) == {"ingest files": "unchanged", "gold": "stale"}
    del stages.work["ingest api"]
    runner.run(context("run-4"), [INGEST], Quiet())
    assert context().stale == ()
    assert words(runner.run(context("run-5"), [GOLD], Quiet())) == {"gold": "unchanged"}


def test_any_other_failure_stops_what_is_behind(go: Callable[..., RunOutcome], stages: Stages) -> None:
    stages.work["silver"] = fail(StorageError("the disk is full", where="/lake", fix="make room"))
    outcome = go()
    assert words(outcome) == {"ingest api": "done", "ingest files": "done", "silver": "failed", "gold": "skipped"}
    assert "make room" in str(outcome.stages[2].error)
    assert "gold" not in stages.calls


def test_a_fault_that_nobody_foresaw_is_a_failure_with_a_place_and_a_record(
    go: Callable[..., RunOutcome], stages: Stages
) -> None:
    stages.work["silver"] = fail(BrokenPipeError(32, "Broken pipe"))
    outcome = go()
    assert words(outcome) == {"ingest api": "done", "ingest files": "done", "silver": "failed", "gold": "skipped"}
    assert outcome.exit_code == 1
    error = outcome.stages[2].error or ""
    assert "BrokenPipeError" in error
    assert "where: pipeline/runner.py:" in error
    assert "what to do: " in error
    assert "silver" in {record.stage for record in read_run(open_workspace().objects, "run-1").records}


def test_what_a_stage_says_shows_no_password(go: Callable[..., RunOutcome], stages: Stages) -> None:
    url = "postgresql://user:c4nary-password@host/db"
    stages.work["ingest api"] = lambda: StageOutcome("ingest api", "done", problems=(url,), notes=(url,))
    stages.work["silver"] = fail(StorageError("cannot connect", where=url))
    said = str(go())
    assert "host/db" in said
    assert "c4nary-password" not in said


def test_chosen_stages_keep_their_order_without_those_between(stages: Stages, project: Path) -> None:
    released = threading.Event()

    def slow() -> StageOutcome:
        released.wait(0.2)
        return StageOutcome(INGEST.name, "failed", error="down")

    stages.work["ingest api"] = slow
    outcome = runner.run(context(), [INGEST, GOLD], Quiet())
    assert stages.calls == ["ingest api", "gold"]
    assert words(outcome) == {"ingest api": "failed", "gold": "stale"}


def test_what_stands_behind_a_failure_by_way_of_others_is_skipped(stages: Stages, project: Path) -> None:
    last = Stage("publish", "publish", ("gold",))
    graph = Graph((), (*GRAPH.stages, last))
    stages.inputs["publish"] = 1
    stages.work["silver"] = fail(StorageError("the disk is full"))
    outcome = runner.run(replace(context(), graph=graph), [SILVER, last], Quiet())
    assert words(outcome) == {"silver": "failed", "publish": "skipped"}


@pytest.mark.parametrize("option", ["accept_shrink", "write_csv"])
def test_what_is_asked_of_silver_is_done_although_nothing_has_changed(
    go: Callable[..., RunOutcome], stages: Stages, option: str
) -> None:
    go()
    stages.calls.clear()
    reasons = {each.stage.name: each.reasons for each in assess(context(**{option: True}), GRAPH.stages)}
    assert reasons["silver"] == (f"--{option.replace('_', '-')}",)
    go("run-2", **{option: True})
    assert stages.calls == ["silver"]


def test_a_lost_race_is_tried_again(go: Callable[..., RunOutcome], stages: Stages) -> None:
    tries = iter([LostRaceError("lost"), LostRaceError("lost again"), None])

    def work() -> StageOutcome:
        error = next(tries)
        if error:
            raise error
        return StageOutcome("gold", "done")

    stages.work["gold"] = work
    assert words(go())["gold"] == "done"
    assert stages.calls.count("gold") == 3


def test_how_often_a_lost_race_is_tried_is_a_setting(
    go: Callable[..., RunOutcome], stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("pipeline.runner.time.sleep", slept.append)
    monkeypatch.setenv("MIRRORLAKE_RUN_ATTEMPTS", "4")
    monkeypatch.setenv("MIRRORLAKE_RUN_RETRY_SECONDS", "0.5")
    stages.work["gold"] = fail(LostRaceError("lost"))
    assert words(go())["gold"] == "failed"
    assert stages.calls.count("gold") == 4
    assert slept == [0.5, 1, 2]


def test_a_table_that_refuses_is_not_asked_again(go: Callable[..., RunOutcome], stages: Stages) -> None:
    stages.work["gold"] = fail(TableError("a lossy cast"))
    assert words(go())["gold"] == "failed"
    assert stages.calls.count("gold") == 1


def test_what_left_something_out_is_tried_by_the_next_run(go: Callable[..., RunOutcome], stages: Stages) -> None:
    partly = StageOutcome("ingest api", "done", problems=("2013-07-04: timeout",), again=True)
    stages.work["ingest api"] = lambda: partly
    first = go()
    assert first.exit_code == 1
    assert words(first)["silver"] == "stale"
    del stages.work["ingest api"]
    assert words(go("run-2"))["ingest api"] == "done"


def test_what_was_skipped_is_recorded_too(go: Callable[..., RunOutcome], stages: Stages) -> None:
    stages.work["silver"] = fail(StorageError("the disk is full"))
    go()
    (skipped,) = [each for each in read_run(open_workspace().objects, "run-1").records if each.stage == "gold"]
    assert (skipped.status, skipped.notes) == ("skipped", ("silver did not succeed",))


def test_each_call_leaves_a_record_unchanged_ones_none(go: Callable[..., RunOutcome], stages: Stages) -> None:
    from pipeline.observe.audit import read_runs

    stages.work["gold"] = fail(StorageError("no"))
    go()
    go("run-2", force=True)
    runs = {run.run_id: run for run in read_runs(open_workspace().objects)}
    assert len(runs["run-1"].records) == 4
    assert {record.status for record in runs["run-1"].records} == {"done", "failed"}
    del stages.work["gold"]
    go("run-3")
    go("run-4")
    assert "run-4" not in {run.run_id for run in read_runs(open_workspace().objects)}


def test_a_run_that_found_its_last_stages_unchanged_is_not_taken_for_broken_off(
    go: Callable[..., RunOutcome], stages: Stages
) -> None:
    go()
    stages.inputs["ingest files"] = 2
    go("run-2")
    run = read_run(open_workspace().objects, "run-2")
    assert {record.stage: record.status for record in run.records} | {"ingest api": "unchanged"} == {
        "ingest api": "unchanged", "ingest files": "done", "silver": "unchanged", "gold": "unchanged",
    }  # fmt: skip
    assert (run.lacking, run.status) == ((), "done")


def test_a_panic_of_a_library_is_a_failed_stage(go: Callable[..., RunOutcome], stages: Stages) -> None:
    def panic() -> StageOutcome:
        raise pl.exceptions.PanicException("index out of bounds")

    stages.work["silver"] = panic
    outcome = go()
    assert words(outcome) == {
        "ingest api": "done",
        "ingest files": "done",
        "silver": "failed",
        "gold": "skipped",
    }
    assert "PanicException: index out of bounds" in str(outcome.stages[2].error)


def test_who_wants_to_end_is_not_held_up(go: Callable[..., RunOutcome], stages: Stages) -> None:
    def end() -> StageOutcome:
        raise SystemExit(3)

    stages.work["silver"] = end
    with pytest.raises(SystemExit):
        go()
