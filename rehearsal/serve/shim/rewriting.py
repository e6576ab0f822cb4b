"""Where DuckDB would be content and Snowflake is not: rewritten, so that both agree.

Each function takes Snowflake's expression tree and changes it in place or gives a new one.
"""

from __future__ import annotations

from sqlglot import exp

from rehearsal.serve.shim.errors import DIVISION_BY_ZERO


def strict(tree: exp.Expression) -> exp.Expression:
    """All of them."""
    for change in (divisions, greatest_and_least, last_change, lengths, temporary, schema_properties):
        tree = change(tree)
    return tree


def divisions(tree: exp.Expression) -> exp.Expression:
    """``a / b`` and ``a % b`` fail where b is zero; DuckDB gives infinity or null."""
    for node in reversed(list(tree.find_all(exp.Div, exp.Mod))):
        divisor = node.expression
        if isinstance(divisor, exp.Literal) and float(divisor.name) != 0:
            continue
        is_zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
        raised = exp.Anonymous(this="error", expressions=[exp.Literal.string(DIVISION_BY_ZERO)])
        node.replace(exp.paren(exp.Case(ifs=[exp.If(this=is_zero, true=raised)], default=node.copy())))
    return tree


def greatest_and_least(tree: exp.Expression) -> exp.Expression:
    """Null where any argument is null; DuckDB leaves nulls out."""
    for node in reversed(list(tree.find_all(exp.Greatest, exp.Least))):
        given = [node.this, *node.expressions]
        nulls = [exp.Is(this=exp.paren(each.copy()), expression=exp.Null()) for each in given]
        if node.args.get("ignore_nulls"):
            continue
        node.replace(exp.Case(ifs=[exp.If(this=exp.or_(*nulls), true=exp.Null())], default=node.copy()))
    return tree


def last_change(tree: exp.Expression) -> exp.Expression:
    """``SYSTEM$LAST_CHANGE_COMMIT_TIME``: Snowflake's token is a time; here it follows from the rows, as they stand."""
    for node in list(tree.find_all(exp.Anonymous)):
        if node.name.upper() == "SYSTEM$LAST_CHANGE_COMMIT_TIME":
            rows = exp.alias_(exp.to_table(node.expressions[0].name), "each_row", table=True)
            of_row = exp.Mod(
                this=exp.Anonymous(this="hash", expressions=[exp.column("each_row")]),
                expression=exp.Literal.number(1_000_000_007),
            )
            token = exp.Add(
                this=exp.Coalesce(this=exp.Sum(this=of_row), expressions=[exp.Literal.number(0)]),
                expression=exp.Mul(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1_000_003)),
            )
            node.replace(exp.select(exp.cast(token, "BIGINT")).from_(rows).subquery())
    return tree


def lengths(tree: exp.Expression) -> exp.Expression:
    """A declared VARCHAR length is kept, as a check; DuckDB has no lengths."""
    if not (isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE" and isinstance(tree.this, exp.Schema)):
        return tree
    for column in tree.this.expressions:
        kind = column.args.get("kind") if isinstance(column, exp.ColumnDef) else None
        if not (isinstance(kind, exp.DataType) and kind.expressions and kind.this in exp.DataType.TEXT_TYPES):
            continue
        too_long = exp.LTE(
            this=exp.Length(this=exp.column(column.this.copy())), expression=kind.expressions[0].this.copy()
        )
        check = exp.ColumnConstraint(kind=exp.CheckColumnConstraint(this=exp.paren(too_long)))
        column.append("constraints", check)
    return tree


def temporary(tree: exp.Expression) -> exp.Expression:
    """A temporary object may stand in a schema, DuckDB's may not: so it is an ordinary one that the session drops."""
    mark = tree.find(exp.TemporaryProperty) if temporary_name(tree) else None
    if mark:
        mark.pop()
    return tree


def schema_properties(tree: exp.Expression) -> exp.Expression:
    """What a schema or a database is besides its name (transient, retention, comment) has no meaning in DuckDB."""
    if isinstance(tree, exp.Create) and str(tree.args.get("kind")).upper() in ("SCHEMA", "DATABASE"):
        tree.set("properties", None)
    return tree


def temporary_name(tree: exp.Expression) -> tuple[str, exp.Table] | None:
    """``(TABLE or VIEW, name)`` of a statement that makes a temporary one in a schema that it names."""
    if not (isinstance(tree, exp.Create) and tree.find(exp.TemporaryProperty)):
        return None
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return (str(tree.args["kind"]).upper(), table) if isinstance(table, exp.Table) and table.db else None
