"""The end of a run as people and programs read it: a table on a terminal, plain lines in a pipe, JSON for machines."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.outcome import RunOutcome, StageOutcome
from pipeline.spelling import spelled

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = ("stage", "status", "in", "valid", "quarantined", "out", "seconds")
_STYLE = {"done": "green", "unchanged": "dim", "stale": "yellow", "failed": "bold red", "skipped": "yellow"}
SHOWN_PROBLEMS = 5


def console() -> Console:
    """A rich console on standard output."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def row(stage: StageOutcome) -> tuple[str, ...]:
    """One line of the table; a stage that did nothing has no counts."""
    if stage.status in ("unchanged", "skipped"):
        return (stage.stage, stage.status, "", "", "", "", f"{stage.seconds:.2f}")
    checked = stage.stage == "silver"
    return (
        stage.stage,
        stage.status,
        f"{stage.total('rows_in'):,}",
        f"{stage.total('valid'):,}" if checked else "",
        f"{stage.total('rejected') + stage.total('refused'):,}" if checked else "",
        f"{stage.total('rows_out'):,}",
        f"{stage.seconds:.2f}",
    )


def print_outcome(outcome: RunOutcome, *, as_json: bool) -> None:
    """Print the whole outcome in the form that fits where it goes."""
    if as_json:
        sys.stdout.write(json.dumps({**asdict(outcome), "exit_code": outcome.exit_code}, default=str) + "\n")
    elif sys.stdout.isatty():
        _print_table(outcome)
    else:
        sys.stdout.write("\n".join(plain_lines(outcome)) + "\n")


def _print_table(outcome: RunOutcome) -> None:
    from rich.table import Table

    screen = console()
    table = Table(title=f"run {outcome.run_id} on {outcome.env}", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("stage", "status") else "right")
    for stage in outcome.stages:
        first, status, *rest = row(stage)
        table.add_row(first, f"[{_STYLE[status]}]{status}[/]", *rest)
    screen.print(table)
    for line in closing_lines(outcome):
        screen.print(line, markup=False)


def plain_lines(outcome: RunOutcome) -> list[str]:
    """The table as aligned text, then what the table cannot say."""
    rows = [COLUMNS, *(row(stage) for stage in outcome.stages)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in rows
    ]
    return [f"run {outcome.run_id} on {outcome.env}", *lines, *closing_lines(outcome)]


def closing_lines(outcome: RunOutcome) -> list[str]:
    """Problems, the verdict of the checks, where the tables lie, and what to do next."""
    lines = [line for stage in outcome.stages for line in _stage_lines(stage)]
    lines += outcome.notes
    lines.append(f"verdict: {verdict(outcome)} ({outcome.seconds:.1f} s)")
    lines += [f"{name}: {where}" for name, where in outcome.places.items()]
    return [spelled(line) for line in (*lines, f"next: {next_step(outcome)}")]


def _stage_lines(stage: StageOutcome) -> list[str]:
    lines = [f"{stage.stage}: {note}" for note in stage.notes]
    lines += [f"{stage.stage}: {table.table}: {note}" for table in stage.tables for note in table.notes]
    lines += [f"{stage.stage}: left out: {problem}" for problem in stage.problems[:SHOWN_PROBLEMS]]
    if len(stage.problems) > SHOWN_PROBLEMS:
        lines.append(f"{stage.stage}: and {len(stage.problems) - SHOWN_PROBLEMS} more (see: mirrorlake runs)")
    if stage.error and not stage.problems:
        lines.append(f"{stage.stage}: failed: {stage.error}")
    return lines


def verdict(outcome: RunOutcome) -> str:
    """One sentence on the whole run."""
    failed = [stage.stage for stage in outcome.stages if stage.status == "failed"]
    if failed:
        published = any(stage.stage == "publish" and stage.status in ("done", "stale") for stage in outcome.stages)
        rest = "the rest went on with its last good version" if published else "what was published stays as it was"
        return f"{', '.join(failed)} failed; {rest}"
    if any(stage.problems for stage in outcome.stages):
        return "done, with something left out (above)"
    if all(stage.status == "unchanged" for stage in outcome.stages):
        return "unchanged"
    audited = next((stage for stage in outcome.stages if stage.stage == "audit"), None)
    said = (
        f"all good: {'; '.join(audited.notes) or 'checks passed'}"
        if audited and audited.status == "done"
        else "all good"
    )
    rejected = sum(stage.total("rejected") for stage in outcome.stages)
    return f"{said}; {rejected:,} row{'s' if rejected > 1 else ''} in quarantine" if rejected else said


def next_step(outcome: RunOutcome) -> str:
    """What somebody would do now."""
    failed = {stage.stage for stage in outcome.stages if stage.status == "failed"}
    if any(name.startswith("ingest") for name in failed):
        return "the same command again fetches what is missing"
    if failed:
        return f"mirrorlake runs {outcome.run_id} tells more; after the fix the same command resumes"
    if outcome.notes or any(stage.total("rejected") for stage in outcome.stages):
        return "mirrorlake quarantine show; then just dashboard"
    if not any(stage.stage == "publish" for stage in outcome.stages):
        return "mirrorlake run brings what follows up to date"
    return "just dashboard, or: mirrorlake query 07"
