"""SQL for Snowflake is judged before an account sees it: what does not parse, what it lacks, what divides by zero."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.sql_lint import SAMPLE, command, findings, snowflake_files
from warehouse import snowflake_sql


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT a / b AS c FROM t", "divide by safe_divide: a / b"),
        ("SELECT a % b AS c FROM t", "divide by safe_divide"),
        ("SELECT a / 0 AS c FROM t", "divide by safe_divide"),
        ("SELECT a / NULLIF(b, 1) AS c FROM t", "divide by safe_divide"),
        ("SELECT date_diff('day', a, b) FROM t; SELECT list_sort(a) FROM t", "not a function of Snowflake's"),
        ("SELECT count(*) FILTER (WHERE a", "does not parse"),
        ("SUMMARIZE t", "no statement"),
        ("DUMP TABLE x TO 'y'", "does not parse"),
    ],
)
def test_what_snowflake_would_refuse_is_found(text: str, said: str) -> None:
    assert any(said in finding for finding in findings(text)), list(findings(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a / NULLIF(CAST(b AS DOUBLE), 0) AS c, a / 22.5 AS d, (a / (2)) AS e FROM t",
        "GRANT ROLE a TO ROLE b",
        "SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('t')",
    ],
)
def test_what_is_right_passes(text: str) -> None:
    assert list(findings(text)) == []


def test_our_own_files_pass_and_are_written_filled_in(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--filled", str(tmp_path / "filled")])
    assert (done.exit_code, "20 files of SQL for Snowflake, 0 findings" in done.output) == (0, True), done.output
    assert sorted(path.name for path in (tmp_path / "filled").iterdir()) == list(snowflake_files())
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("SELECT 1 / x FROM t")
    done = CliRunner().invoke(command, [str(wrong)])
    assert (done.exit_code, "1 findings" in done.output) == (1, True)


def test_files_fall_apart_into_their_statements() -> None:
    import sqlglot

    for name, text in snowflake_files().items():
        assert "$" not in re.sub(r"SYSTEM\$", "", text), name
        whole = [each for each in sqlglot.parse(text, dialect="snowflake") if each is not None]
        assert len(snowflake_sql.statements(text)) == len(whole), name
    assert set(re.findall(r"\$\{(\w+)\}", "".join(p.read_text() for p in snowflake_sql.FOLDER.glob("*.sql")))) == set(
        SAMPLE
    )
