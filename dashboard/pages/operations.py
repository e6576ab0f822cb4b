"""Operations: runs, checks and quarantine, read from the lake's audit trail; failed runs included."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from dashboard.published import current_version, settings
from lake import layout, quarantine
from lake.errors import MirrorlakeError
from pipeline.observe.audit import RunAudit, read_runs
from pipeline.quality.model import from_dicts
from pipeline.workspace import Workspace

RUNS = 30


def run_rows(runs: list[RunAudit]) -> pd.DataFrame:
    """One row per run."""
    return pd.DataFrame(
        [
            {
                "run": run.run_id,
                "status": run.status,
                "started (UTC)": run.started_at,
                "days": _days(run),
                "seconds": round(sum(record.seconds for record in run.records), 1),
                "error": next((record.error.splitlines()[0] for record in run.records if record.error), ""),
            }
            for run in runs
        ]
    )


def stage_rows(run: RunAudit) -> pd.DataFrame:
    """One row per stage and table of a run."""
    return pd.DataFrame(
        [
            {
                "stage": record.stage,
                "status": record.status,
                "table": table.table,
                "in": table.rows_in,
                "valid": table.valid,
                "rejected": table.rejected,
                "refused": table.refused,
                "out": table.rows_out,
                "version": str(table.output_version or ""),
            }
            for record in run.records
            for table in record.tables
        ]
    )


def _days(run: RunAudit) -> str:
    if not run.run_dates:
        return ""
    first, last = min(run.run_dates), max(run.run_dates)
    return f"{first}" if first == last else f"{first} to {last}"


def show_runs(workspace: Workspace) -> list[RunAudit]:
    """The newest runs, and one of them stage by stage."""
    runs = read_runs(workspace.objects, RUNS)
    if not runs:
        st.info("No run yet. Make one: just dev-run")
        return []
    st.dataframe(run_rows(runs), hide_index=True)
    picked = st.selectbox("Stages of the run", [run.run_id for run in runs])
    run = next(run for run in runs if run.run_id == picked)
    for record in run.records:
        if record.error:
            st.error(f"**{record.stage}** failed\n\n```\n{record.error}\n```")
        for problem in record.problems[:5]:
            st.warning(f"{record.stage}: left out: {problem}")
    st.dataframe(stage_rows(run), hide_index=True)
    return runs


def show_checks(workspace: Workspace, runs: list[RunAudit]) -> None:
    """The newest report of the checks."""
    for run in runs:
        data = workspace.objects.get_or_none(layout.quality_report(run.run_id, "quality.json"))
        if data:
            results = from_dicts(json.loads(data)["results"])
            failed = [result for result in results if not result.passed]
            st.metric(
                f"Checks of run {run.run_id}", f"{len(results) - len(failed)} of {len(results)} hold", border=True
            )
            for result in failed:
                (st.error if result.critical else st.warning)(result.sentence())
            st.dataframe(
                pd.DataFrame([{"table": r.table, "rule": r.rule, "rows": r.rows, "passed": r.passed} for r in results]),
                hide_index=True,
            )
            return
    st.info("No checks have run yet.")


def show_quarantine(workspace: Workspace) -> None:
    """Rows that wait, by table."""
    waiting = 0
    for contract in workspace.contracts.values():
        if contract.layer == "silver":
            rows = quarantine.rows(workspace.objects, contract.table)
            waiting += rows.height
            if rows.height:
                st.write(f"**{contract.table}**: {rows.height} rows")
                st.dataframe(rows.to_pandas(), hide_index=True)
    if not waiting:
        st.success("The quarantine is empty.", icon=":material/check:")


st.title("Operations")
try:
    workspace = Workspace(settings())
    version = current_version(workspace.settings.publish.folder)
    st.caption(f"Published: {version.name if version else 'nothing yet'}. Lake: {workspace.settings.lake.root}")
    tabs = st.tabs(["Runs", "Checks", "Quarantine"])
    with tabs[0]:
        found = show_runs(workspace)
    with tabs[1]:
        show_checks(workspace, found)
    with tabs[2]:
        show_quarantine(workspace)
except MirrorlakeError as error:
    st.error(str(error))
