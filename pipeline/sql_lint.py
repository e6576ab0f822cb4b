"""``python -m pipeline.sql_lint``: SQL that is meant for Snowflake parses strictly and divides by no zero.

Without an account nothing else would tell before production: sqlglot must know every statement and every function in
Snowflake's dialect, and each divisor must be a number other than zero, or guarded by NULLIF as ``safe_divide`` does,
because Snowflake fails where DuckDB gives infinity. ``--filled FOLDER`` also writes the files of warehouse/snowflake
there with sample names filled in, for other linters.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click

SAMPLE = {
    "setup_role": "ACCOUNTADMIN",
    "warehouse": "MIRRORLAKE",
    "database": "MIRRORLAKE",
    "role": "MIRRORLAKE_LOADER",
    "reader_role": "MIRRORLAKE_READER",
    "user": "MIRRORLAKE_LOADER",
    "integration": "MIRRORLAKE_LAKE",
    "storage_role": "arn:aws:iam::123456789012:role/mirrorlake-snowflake",
    "lake": "s3://mirrorlake-prod/lake",
    "statement_seconds": "3600",
}
# Statements about the account, which sqlglot passes on unread; sqlfluff reads them.
_UNREAD = ("GRANT ROLE", "CREATE ROLE", "CREATE USER", "ALTER USER", "USE SECONDARY ROLES")


def findings(text: str) -> Iterator[str]:
    """What is wrong with a text of statements, in words."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = sqlglot.parse(text, dialect="snowflake", error_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        yield f"does not parse: {' '.join(str(error).split())[:300]}"
        return
    for statement in filter(None, statements):
        if isinstance(statement, exp.Command):
            words = " ".join(f"{statement.this} {statement.expression}".split()).upper()
            if not words.startswith(_UNREAD):
                yield f"not a statement that Snowflake is known to have: {words[:80]}"
        elif isinstance(statement, exp.Condition | exp.Alias):
            yield f"no statement: {statement.sql('snowflake')[:80]}"
        for function in statement.find_all(exp.Anonymous):
            if not function.name.upper().startswith("SYSTEM$"):
                yield f"not a function of Snowflake's: {function.sql('snowflake')}"
        for division in statement.find_all(exp.Div, exp.IntDiv, exp.Mod):
            if not _is_guarded(division.expression):
                yield f"divide by safe_divide: {division.sql('snowflake')}"


def _is_guarded(divisor: object) -> bool:
    from sqlglot import exp

    while isinstance(divisor, exp.Paren | exp.Cast | exp.Neg):
        divisor = divisor.this
    if isinstance(divisor, exp.Literal):
        return divisor.is_number and float(divisor.name) != 0
    zero = divisor.expression if isinstance(divisor, exp.Nullif) else None
    return isinstance(zero, exp.Literal) and zero.is_number and float(zero.name) == 0


def snowflake_files() -> dict[str, str]:
    """The files of warehouse/snowflake with sample names filled in, by name."""
    from warehouse import snowflake_sql

    return {path.name: snowflake_sql.filled(path.name, SAMPLE) for path in sorted(snowflake_sql.FOLDER.glob("*.sql"))}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--filled", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="See above.")
def command(files: tuple[Path, ...], filled: Path | None) -> None:
    """Check FILES, and those of warehouse/snowflake and warehouse/queries."""
    from warehouse.queries import queries

    texts = {str(path): path.read_text(encoding="utf-8") for path in files}
    texts |= {f"warehouse/snowflake/{name}": text for name, text in snowflake_files().items()}
    texts |= {f"warehouse/queries/{each.number}_{each.name}.sql": each.sql for each in queries()}
    if filled is not None:
        filled.mkdir(parents=True, exist_ok=True)
        for name, text in snowflake_files().items():
            (filled / name).write_text(text, encoding="utf-8")
    wrong = [f"{name}: {finding}" for name, text in texts.items() for finding in findings(text)]
    for line in wrong:
        click.echo(line, err=True)
    click.echo(f"{len(texts)} files of SQL for Snowflake, {len(wrong)} findings")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    command()
