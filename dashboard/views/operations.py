"""Operations: runs, checks and quarantine, read from the lake's audit trail; failed runs and first runs included."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from dashboard import operations, waiting
from dashboard.parts import footer, plain, show_empty, show_error
from dashboard.published import current
from lake.errors import MirrorlakeError
from pipeline.lease import claimed
from pipeline.observe.audit import RunAudit, read_runs
from pipeline.settings import settings_at_work
from pipeline.spelling import spelled
from pipeline.workspace import Workspace

RUNS = 30
_COLOURS = {"done": "#2e9e5b", "unchanged": "#2e9e5b", "stale": "#d9822b", "skipped": "#8a949e", "at work": "#3a7bd5"}


def show_rows(rows: pd.DataFrame, *, height: Literal["auto", "content"] = "auto") -> None:
    """A table whose statuses have their colour; what is not known stays empty."""
    shown = rows.style.format(na_rep="", thousands=",").format("{:.1f}", subset=rows.columns.intersection(["seconds"]))
    for column in rows.columns.intersection(["status"]):
        shown = shown.map(lambda word: f"color: {_COLOURS.get(word, '#d64545')}", subset=[column])
    wide = {"stage": st.column_config.TextColumn(width="medium")}
    st.dataframe(shown, hide_index=True, height=height, placeholder="", column_config=wide)


def show_published() -> None:
    """What is published, and when; an error there does not hide the runs that led to it."""
    try:
        found = current()
    except MirrorlakeError as error:
        show_error(error, "**What is published cannot be read.**")
        return
    if found is None:
        st.warning("Nothing is published yet.", icon=":material/warning:")
        return
    st.caption(f"Published: {plain(found.version.name)}, {found.version.published_at:%Y-%m-%d %H:%M} UTC")
    for reason in found.version.stale:
        st.warning(f"Not up to date: {plain(reason)}", icon=":material/warning:")


def show_runs(runs: list[RunAudit], at_work: str | None) -> None:
    """The newest runs, and one of them stage by stage."""
    show_rows(operations.run_rows(runs, at_work))
    ids = [run.run_id for run in runs]
    picked = st.selectbox("Stages of the run", ids)
    run = runs[ids.index(picked)]
    for record in run.records:
        if record.error:
            st.error(f"**{plain(record.stage)}** failed", icon=":material/error:")
            st.code(record.error, language=None)
        for problem in record.problems[:5]:
            st.warning(f"{plain(record.stage)}: left out: {plain(problem)}")
    for key in run.damaged:
        st.warning(f"This record of the run cannot be read: {plain(key)}")
    show_rows(operations.stage_rows(run), height="content")
    with st.expander("Table by table"):
        show_rows(operations.table_rows(run), height="content")


def show_checks(workspace: Workspace, runs: list[RunAudit]) -> None:
    """The newest report of the checks, failed ones first."""
    found = operations.newest_checks(workspace, runs)
    if found is None:
        st.info("No checks have run yet.")
        return
    run_id, results = found
    failed = [result for result in results if not result.passed]
    st.metric(f"Checks of run {run_id}", f"{len(results) - len(failed)} of {len(results)} hold", border=True)
    for result in failed[:20]:
        (st.error if result.critical else st.warning)(plain(result.sentence()))
    rows = [
        {"holds": each.passed, "table": each.table, "rule": each.rule, "severity": each.severity}
        | {"rows": each.rows, "unexpected": each.unexpected}
        for each in results
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def show_quarantine(workspace: Workspace) -> None:
    """What did not go on, by kind and table."""
    kinds = [
        ("Rejected rows", "open", waiting.rejected, "Rows that broke the contract, with every reason."),
        ("Refused loads", "refused", waiting.refused, "Loads that were left out whole."),
        ("Held rows", "held", waiting.held, "Good rows whose parent has not arrived."),
        ("Refused bodies", "kept", waiting.bodies, "Answers that were no data."),
    ]
    found = [(title, word, find(workspace), help_) for title, word, find, help_ in kinds]
    for column, (title, word, parts, help_) in zip(st.columns(4), found, strict=True):
        column.metric(title, f"{sum(part.count for part in parts):,} {word}", help=help_, border=True)
    if not any(parts for _, _, parts, _ in found):
        st.success("The quarantine is empty.", icon=":material/check:")
    for title, word, parts, _ in found:
        for part in parts:
            st.subheader(f"{title}: {plain(part.table)}")
            st.caption(f"{part.count:,} {word}; the first {len(part.first):,} are listed.")
            st.dataframe(part.first, hide_index=True)
    st.caption(spelled("After a fix: mirrorlake quarantine replay"))


st.title("Operations")
workspace = Workspace(settings_at_work())
runs = read_runs(workspace.objects, RUNS)
if runs:
    show_published()
    views = ["Runs", "Checks", "Quarantine"]
    view = st.segmented_control("View", views, default="Runs", required=True, label_visibility="collapsed")
    if view == "Checks":
        show_checks(workspace, runs)
    elif view == "Quarantine":
        show_quarantine(workspace)
    else:
        begun, held = claimed(workspace.objects)
        show_runs(runs, begun if held else None)
    st.caption(f"Lake: {plain(workspace.settings.lake.root)}")
    footer()
else:
    show_empty()
