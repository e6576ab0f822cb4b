"""The result of an audit as JSON and as one HTML page that loads nothing from anywhere."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from lake import layout
from pipeline.quality.model import CheckReport, CheckResult

if TYPE_CHECKING:
    from lake.storage.objects import Objects

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; --warn: #9a6700; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 2rem; }
th, td { text-align: left; padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.passed { color: var(--good); } .failed { color: var(--bad); font-weight: 600; } .warned { color: var(--warn); }
code { font-size: 0.9em; overflow-wrap: anywhere; }
"""


def write_report(objects: Objects, report: CheckReport) -> dict[str, str]:
    """Write both forms into the lake's audit folder; gives their keys by form."""
    keys = {form: layout.quality_report(report.run_id, f"quality.{form}") for form in ("json", "html")}
    objects.put(keys["json"], (json.dumps(report.as_dict(), indent=2, default=str) + "\n").encode(), "audit.report")
    objects.put(keys["html"], as_html(report).encode(), "audit.report")
    return keys


def as_html(report: CheckReport) -> str:
    """One page: the verdict, then every table with every rule, failed ones first."""
    counts = report.as_dict()["counts"]
    word, kind = ("failed", "failed") if report.critical else ("passed", "passed")
    summary = (
        f'<p><span class="{kind}">{word}</span>: {counts["passed"]} of {counts["rules"]} rules hold, '
        f"{counts['critical']} critical and {counts['warnings']} warning failures.</p>"
    )
    body = [
        f"<h1>Checks of run <code>{escape(report.run_id)}</code></h1>",
        summary,
    ]
    for table in sorted({result.table for result in report.results}):
        body.append(f"<h2>{escape(table)}</h2>")
        body.append(_table([result for result in report.results if result.table == table]))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Mirrorlake checks</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n<body>\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _table(results: list[CheckResult]) -> str:
    head = "<tr><th>rule</th><th>result</th><th>rows</th><th>broken by</th><th>examples</th></tr>"
    ordered = sorted(results, key=lambda result: (result.passed, result.severity, result.rule))
    return f"<table>{head}{''.join(_row(result) for result in ordered)}</table>"


def _row(result: CheckResult) -> str:
    kind = "passed" if result.passed else "failed" if result.critical else "warned"
    word = "holds" if result.passed else "fails" if result.critical else "warns"
    shown = "; ".join(", ".join(f"{k}={v}" for k, v in example.items()) for example in result.examples)
    return (
        f'<tr><td><code>{escape(result.rule)}</code></td><td class="{kind}">{word}</td>'
        f'<td class="number">{result.rows:,}</td><td class="number">{result.unexpected:,}</td>'
        f"<td><code>{escape(result.error or shown)}</code></td></tr>"
    )
