"""What every engine does alike, said once in narwhals: restrict and hold inputs, call, conform the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

import narwhals as nw

from lake.contract.model import Contract, Type
from lake.engines import Days, Input
from lake.errors import EngineError
from lake.transforms.model import Frame, HourSpine, Transformation


def dtype(kind: Type) -> nw.dtypes.DType:
    """The narwhals type of a contract's type."""
    if kind.kind == "decimal":
        return nw.Decimal(kind.precision, kind.scale or 0)
    plain: dict[str, nw.dtypes.DType] = {
        "string": nw.String(),
        "integer": nw.Int64(),
        "float": nw.Float64(),
        "boolean": nw.Boolean(),
        "date": nw.Date(),
        "timestamp": nw.Datetime("us", "UTC"),
    }
    return plain[kind.kind]


def within(contract: Contract, column: str, days: Days) -> nw.Expr:
    """Whether a date or timestamp column lies on the days from first to last."""
    first, after = days[0], days[1] + timedelta(days=1)
    if contract.column(column).type.kind == "date":
        return (nw.col(column) >= nw.lit(first)) & (nw.col(column) < nw.lit(after))
    begin, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, after))
    return (nw.col(column) >= nw.lit(begin)) & (nw.col(column) < nw.lit(end))


def restrict(frame: Frame, given: Input) -> Frame:
    """Only the contract's columns, and only the days of ``given.where``."""
    if given.where:
        column, first, last = given.where
        frame = frame.filter(within(given.contract, column, (first, last)))
    return frame.select(*given.contract.column_names)


def hold(frames: Mapping[str, Frame], inputs: Mapping[str, Input]) -> dict[str, Frame]:
    """Semi-join each silver table with the parents that it references and that are read beside it."""
    held = dict(frames)
    for name, given in inputs.items():
        if given.contract.layer != "silver" or not given.hold:
            continue
        for reference in given.contract.references:
            if reference.to_table in frames:
                held[name] = held[name].join(
                    frames[reference.to_table].select(*reference.to_columns),
                    left_on=list(reference.columns),
                    right_on=list(reference.to_columns),
                    how="semi",
                )
    return held


def conform(frame: Frame, contract: Contract) -> Frame:
    """The contract's columns in its order and types.

    Only widening is allowed: what is not already of the contract's kind is an error of the transformation, because
    engines cast differently (a float to an integer is cut by one and rounded by another).
    """
    schema = frame.collect_schema()
    missing = [name for name in contract.column_names if name not in schema]
    if missing:
        raise EngineError(
            f"the transformation {contract.table!r} does not give the column(s) {', '.join(missing)}",
            where=contract.path or None,
            fix=f"it gives: {', '.join(name for name in schema if not name.startswith('_'))}",
        )
    chosen = []
    for column in contract.columns:
        have, want = schema[column.name], dtype(column.type)
        if have != want and not _widens(have, want):
            raise EngineError(
                f"{contract.table}.{column.name} comes as {have}, the contract says {want}",
                where=contract.path or None,
                fix="cast it in the transformation, in a way that means the same on every engine",
            )
        chosen.append(nw.col(column.name) if have == want else nw.col(column.name).cast(want))
    return frame.select(*chosen)


def _widens(have: nw.dtypes.DType, want: nw.dtypes.DType) -> bool:
    if have.is_integer() and want.is_integer():
        return True  # all are at most 64 signed bits by contract; DuckDB counts and sums in 128
    if isinstance(have, nw.Datetime) and isinstance(want, nw.Datetime):
        return have.time_zone == "UTC"
    if isinstance(want, nw.Decimal):
        return isinstance(have, nw.Decimal) and have.scale == want.scale
    return isinstance(have, nw.Float32) and isinstance(want, nw.Float64)


def result(
    transformation: Transformation,
    inputs: Mapping[str, Input],
    contract: Contract,
    *,
    frame: Callable[[Input], Frame],
    spine: Callable[[str, HourSpine], Frame],
    keep: Sequence[Days] | None = None,
) -> Frame:
    """The lazy frame of the transformation's table, given how an engine makes the frames of inputs and spines."""
    frames = {name: restrict(frame(inputs[name]), inputs[name]) for name in transformation.reads}
    spines = {name: spine(name, declared) for name, declared in transformation.spines.items()}
    made = conform(transformation(hold(frames, inputs), spines), contract)
    if keep is None or contract.partition is None:
        return made
    column = contract.partition.column
    return made.filter(nw.any_horizontal(*(within(contract, column, days) for days in keep), ignore_nulls=True))
