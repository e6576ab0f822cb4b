"""MERGE, by DuckDB's own (fakesnow makes it of several statements, which do not hold together in a transaction).

One whose source has several rows for one target row is an error in Snowflake; DuckDB would take any of them. See
https://docs.snowflake.com/en/sql-reference/sql/merge, ERROR_ON_NONDETERMINISTIC_MERGE, whose default is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlglot import exp

DUPLICATE = "Duplicate row detected during DML action"
_COUNTED = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


def question(tree: exp.Merge) -> str | None:
    """A query (Snowflake's SQL) that has a row where the MERGE must fail; None where it only inserts."""
    if not any(when.args.get("matched") for when in tree.args["whens"].expressions):
        return None
    target, source, condition = tree.this.copy(), tree.args["using"].copy(), tree.args["on"].copy()
    row = exp.column("rowid", table=target.alias_or_name)
    query = (
        exp.select(exp.Literal.number(1))
        .from_(target)
        .join(source, on=condition, join_type="inner")
        .group_by(row)
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
        .limit(1)
    )
    return query.sql(dialect="snowflake")


def native(tree: exp.Merge) -> exp.Merge:
    """As DuckDB has it: what is assigned or inserted names its column alone, without the table's alias."""
    tree = tree.copy()
    for when in tree.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Update):
            named = [each.this for each in then.expressions]
        else:
            named = list(then.this.expressions) if isinstance(then, exp.Insert) and then.this else []
        for column in named:
            if isinstance(column, exp.Column):
                column.replace(exp.column(column.this.copy()))
    return tree


def counts(tree: exp.Merge, actions: Iterable[str]) -> str:
    """The query that answers as Snowflake does: one column for each kind of action that the statement has."""
    done, kinds = Counter(actions), []
    for when in tree.args["whens"].expressions:
        then = when.args["then"]
        kinds.append(then.name.upper() if isinstance(then, exp.Var) else then.key.upper())
    columns = [f'{done[kind]} AS "number of rows {word}"' for kind, word in _COUNTED.items() if kind in kinds]
    return f"SELECT {', '.join(columns)}"
