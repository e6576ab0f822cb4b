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
from pipeline.stages import dbt, load, publish, staging
from pipeline.workspace import open_workspace

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
    remember_audit_of(here, fingerprint.stamp(path))
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


def test_a_later_run_date_is_tested_for_freshness_again(project: Path) -> None:
    def inputs_on(*days: date) -> object:
        return dbt.inputs(replace(context(), selection=Selection(days, ())), DBT)

    assert inputs_on(date(2013, 7, 1)) != inputs_on(date(2013, 7, 1), date(2013, 7, 2))
    assert inputs_on(date(2013, 7, 1), date(2013, 7, 2)) == inputs_on(date(2013, 7, 2))


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
