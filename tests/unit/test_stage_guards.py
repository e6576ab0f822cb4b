"""Stages run alone: they refuse what staging or the audit has not passed, and notice another staging database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lake.errors import AuditFailedError, WarehouseError
from lake.gold.snapshot import commit
from pipeline import fingerprint
from pipeline.context import Options, RunContext, Selection
from pipeline.graph import Graph, Stage
from pipeline.stages import audit, dbt, gold, load, publish, silver, staging
from pipeline.workspace import open_workspace
from warehouse.duck import stamp

PUBLISH = Stage("publish", "publish", ())
LOAD = Stage("load", "load", ())
STAGING = Stage("staging", "staging", ())
DBT = Stage("dbt", "dbt", ())


def context() -> RunContext:
    none: Any = None
    return RunContext(open_workspace(), Graph((), (PUBLISH,)), "run-1", Selection((), ()), Options(), none)


def remember_audit_of(context: RunContext, stamp: str | None) -> None:
    inputs = fingerprint.parts({"built": {"warehouse": stamp}})
    fingerprint.write(context.workspace.objects, "audit", inputs, {}, "run-0")


def test_a_warehouse_that_was_never_audited_is_not_published(project: Path) -> None:
    here = context()
    path = here.workspace.settings.warehouse.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(AuditFailedError, match="nothing was published"):
        publish.execute(here, PUBLISH)
    remember_audit_of(here, stamp(path))
    path.write_bytes(b"built anew, and its tests failed")
    with pytest.raises(AuditFailedError, match="nothing was published"):
        publish.execute(here, PUBLISH)
    assert not here.workspace.settings.publish.folder.exists() or not list(
        here.workspace.settings.publish.folder.iterdir()
    )


def test_without_a_warehouse_the_message_says_so(project: Path) -> None:
    with pytest.raises(WarehouseError, match="no warehouse to publish from"):
        publish.execute(context(), PUBLISH)


def test_a_snapshot_that_staging_has_not_passed_is_not_loaded(project: Path) -> None:
    here = context()
    nothing: dict[str, Any] = {"inputs": {}, "built": {}, "summaries": {}, "created_by": "run-0"}
    snapshot = commit(here.workspace.objects, None, tables={"dim_date": 0}, **nothing)
    with pytest.raises(WarehouseError, match="snapshot 1 has not passed staging"):
        load.execute(here, LOAD)
    for other in (replace(snapshot, tables={"dim_date": 1}), replace(snapshot, created_at="2013-07-04T00:00:00+00:00")):
        fingerprint.write(here.workspace.objects, "staging", fingerprint.parts(staging.told(other)), {}, "run-0")
        with pytest.raises(WarehouseError, match="snapshot 1 has not passed staging"):
            load.execute(here, LOAD)
    fingerprint.write(here.workspace.objects, "staging", fingerprint.parts(staging.told(snapshot)), {}, "run-0")
    with pytest.raises(WarehouseError, match="gold's snapshot 1 has no"):
        load.execute(here, LOAD)


def test_dbt_builds_on_nothing_but_what_a_load_left(project: Path) -> None:
    here = context()
    with pytest.raises(WarehouseError, match=r"is not as a load left it: .*dim_date.*nothing was built") as caught:
        dbt.execute(here, DBT)
    assert caught.value.where == str(here.workspace.settings.warehouse.path)
    assert "--job load --job dbt" in str(caught.value)


def test_a_later_run_date_is_tested_for_freshness_again(project: Path) -> None:
    def inputs_on(*days: date) -> object:
        return dbt.inputs(replace(context(), selection=Selection(days, ())), DBT)

    assert inputs_on(date(2013, 7, 1)) != inputs_on(date(2013, 7, 1), date(2013, 7, 2))
    assert inputs_on(date(2013, 7, 1), date(2013, 7, 2)) == inputs_on(date(2013, 7, 2))


@pytest.mark.parametrize(
    ("module", "folder", "library"),
    [
        (silver, "pipeline/sources", "polars"),
        (gold, "lake/engines", "duckdb"),
        (staging, "warehouse", "duckdb"),
        (load, "warehouse", "duckdb"),
        (dbt, "dbt", "dbt-core"),
        (audit, "pipeline/quality", "great-expectations"),
        (publish, "warehouse", "duckdb"),
    ],
)
def test_a_stage_runs_again_for_its_own_code_and_libraries_only(
    project: Path, monkeypatch: pytest.MonkeyPatch, module: Any, folder: str, library: str
) -> None:
    stage = Stage(module.__name__.rpartition(".")[2], "silver", ())
    here = replace(context(), selection=Selection((date(2013, 7, 1),), ()))

    def inputs() -> object:
        return fingerprint.parts(module.inputs(here, stage))

    first, code_hash, version = inputs(), fingerprint.code_hash, fingerprint.library_version
    for changed in ("airflow", folder):
        other = lambda *parts, of=changed: code_hash(*parts) + ("x" if of in parts else "")  # noqa: E731
        monkeypatch.setattr(fingerprint, "code_hash", other)
        assert (inputs() != first) == (changed == folder)
        monkeypatch.setattr(fingerprint, "code_hash", code_hash)
    for changed in ("click", library):
        newer = lambda name, of=changed: "99" if name == of else version(name)  # noqa: E731
        monkeypatch.setattr(fingerprint, "library_version", newer)
        assert (inputs() != first) == (changed == library)


@pytest.mark.parametrize("module", [gold, load])
def test_what_is_kept_by_version_is_made_anew_where_its_maker_changes(
    project: Path, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    name = module.__name__.rpartition(".")[2]
    otherwise = getattr(module, {"gold": "_runs_otherwise", "load": "_loads_otherwise"}[name])
    here = context()
    assert not otherwise(here)  # nothing was made yet
    inputs = fingerprint.parts(module.inputs(here, Stage(name, "gold", ())))
    fingerprint.write(here.workspace.objects, name, inputs, {}, "run-0")
    assert not otherwise(here)
    monkeypatch.setattr(fingerprint, "library_version", lambda name: "99")
    assert otherwise(here)


def test_another_postgres_is_staged_again_and_no_password_is_remembered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_STAGING_BACKEND", "postgres")
    seen = []
    for host in ("one", "two"):
        monkeypatch.setenv("MIRRORLAKE_STAGING_URL", f"postgresql://user:c4nary-password@{host}/staging")
        seen.append(fingerprint.parts(staging.inputs(context(), STAGING)))
    assert seen[0] != seen[1]
    assert "c4nary-password" not in str(seen)
