"""What an engine promises beside rows: the helper rules, restricted reads, clear errors, clean endings."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated

import duckdb
import narwhals as nw
import polars as pl
import pyarrow as pa
import pytest
from engine_tables import contract, frame_of, given, run
from engines_under_test import CAPABILITIES, ENGINES
from narwhals._duckdb.expr import DuckDBExpr

from lake.compare import differences
from lake.contract.model import Partition, Reference
from lake.engines import Input, engine, windows
from lake.errors import EngineError, UnknownChoiceError
from lake.transforms import Frame, HourSpine, Transformation, describe
from lake.transforms.rounding import round_decimal_half_up, round_half_up

EVENTS = contract(
    "events",
    "id",
    "id:integer at:timestamp place:string amount:decimal(12,4) value:float",
    layer="silver",
    references=(Reference(("place",), "places", ("place",)),),
    partition=Partition("at", "month"),
)
PLACES = contract("places", "place", "place:string", layer="silver")
MIDNIGHT = datetime(2013, 1, 1, tzinfo=UTC)


def event(number: int, **values: object) -> dict[str, object]:
    return {"id": number, "at": MIDNIGHT + timedelta(days=number), "place": "a", **values}


def only(function: object) -> Transformation:
    return describe(function)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_floats_round_half_up(engine_name: str, tmp_path: Path) -> None:
    halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.125, -0.125, 2.375, 0.0, -0.0, -0.001, 1e15 + 0.5, None, 1234.5678]

    def rounded(events: Frame) -> Frame:
        return events.select("id", none=round_half_up(nw.col("value"), 0), two=round_half_up(nw.col("value"), 2))

    made = contract("rounded", "id", "id:integer none:float two:float")
    frame = frame_of(EVENTS, [event(number, value=value) for number, value in enumerate(halves)])
    rows = run(engine_name, only(rounded), {"events": given(EVENTS, frame, tmp_path)}, made, {}).sort("id")

    def by_hand(value: float | None, places: int) -> float | None:
        step = Decimal(1).scaleb(-places)
        return None if value is None else float(Decimal(value).quantize(step, ROUND_HALF_UP))

    assert rows["none"].to_list() == [by_hand(value, 0) for value in halves]
    assert rows["two"].to_list() == [by_hand(value, 2) for value in halves]
    assert not any(str(value) == "-0.0" for value in rows["none"])


@pytest.mark.parametrize("engine_name", ENGINES)
def test_decimals_round_half_up(engine_name: str, tmp_path: Path) -> None:
    texts = ["0.0050", "0.0149", "0.0150", "0.0250", "-0.0050", "-0.0150", "-0.0149", "99999999.9950", "0", "1.2345"]
    amounts = [Decimal(text) for text in texts]

    def rounded(events: Frame) -> Frame:
        return events.select(
            "id",
            cents=round_decimal_half_up(nw.col("amount"), 12, 4, 2),
            whole=round_decimal_half_up(nw.col("amount"), 12, 4, 0),
            same=round_decimal_half_up(nw.col("amount"), 12, 4, 4),
        )

    made = contract("rounded", "id", "id:integer cents:decimal(12,2) whole:decimal(12,0) same:decimal(12,4)")
    frame = frame_of(EVENTS, [event(number, amount=amount) for number, amount in enumerate([*amounts, None])])
    rows = run(engine_name, only(rounded), {"events": given(EVENTS, frame, tmp_path)}, made, {}).sort("id")
    for column, step in (("cents", "0.01"), ("whole", "1"), ("same", "0.0001")):
        wanted = [amount.quantize(Decimal(step), ROUND_HALF_UP) for amount in amounts]
        assert rows[column].to_list() == [*wanted, None], column


@pytest.mark.parametrize("engine_name", ENGINES)
def test_rolling_windows_count_what_is_not_null(engine_name: str, tmp_path: Path) -> None:
    def windows(events: Frame) -> Frame:
        def over(value: nw.Expr) -> nw.Expr:
            return value.over("place", order_by="at")

        value = nw.col("value")
        return events.select(
            "id",
            mean_of_1=over(value.rolling_mean(3, min_samples=1)),
            mean_of_2=over(value.rolling_mean(3, min_samples=2)),
            sum_of_1=over(value.rolling_sum(3, min_samples=1)),
            sum_of_3=over(value.rolling_sum(3)),
            centred=over(value.rolling_sum(3, min_samples=1, center=True)),
        )

    names = ("mean_of_1", "mean_of_2", "sum_of_1", "sum_of_3", "centred")
    made = contract("windows", "id", "id:integer " + " ".join(f"{name}:float" for name in names))
    values = [1.0, None, 3.0, None, None, None, 7.0, 8.0, 9.0]
    frame = frame_of(EVENTS, [event(number, value=value) for number, value in enumerate(values)])
    rows = run(engine_name, only(windows), {"events": given(EVENTS, frame, tmp_path)}, made, {}).sort("id")

    def of(seen: list[float | None], at_least: int, *, mean: bool) -> float | None:
        there = [value for value in seen if value is not None]
        return None if len(there) < at_least else sum(there) / (len(there) if mean else 1)

    places = range(len(values))
    before = [values[max(0, place - 2) : place + 1] for place in places]
    around = [values[max(0, place - 1) : place + 2] for place in places]
    assert rows["mean_of_1"].to_list() == [of(seen, 1, mean=True) for seen in before]
    assert rows["mean_of_2"].to_list() == [of(seen, 2, mean=True) for seen in before]
    assert rows["sum_of_1"].to_list() == [of(seen, 1, mean=False) for seen in before]
    assert rows["sum_of_3"].to_list() == [of(seen, 3, mean=False) for seen in before]
    assert rows["centred"].to_list() == [of(seen, 1, mean=False) for seen in around]


def test_duckdb_makes_one_window_per_rolling_value() -> None:
    """Where this fails, a new narwhals says windows differently: they are right, but have become slower."""
    assert windows.install(DuckDBExpr)
    connection = duckdb.connect()
    frame = nw.from_native(connection.sql("SELECT 1 AS id, 2.5 AS value"))
    query = frame.select(mean=nw.col("value").rolling_mean(3, min_samples=1).over(order_by="id")).to_native()
    assert query.sql_query().lower().count(" over ") == 1
    connection.close()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_rows_without_their_parent_are_held(engine_name: str, tmp_path: Path) -> None:
    def met(events: Frame, places: Frame) -> Frame:
        return events.select("id", "place")

    made = contract("met", "id", "id:integer place:string")
    events = frame_of(EVENTS, [event(1), event(2, place="b"), event(3, place=None), event(4)])
    inputs = {
        "events": given(EVENTS, events, tmp_path),
        "places": given(PLACES, frame_of(PLACES, [{"place": "a"}, {"place": "c"}]), tmp_path),
    }
    assert run(engine_name, only(met), inputs, made, {}).sort("id")["id"].to_list() == [1, 4]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_only_the_asked_days_are_read_and_kept(engine_name: str, tmp_path: Path) -> None:
    def seen(events: Frame) -> Frame:
        return events.with_columns(rows=nw.len().over("place"))

    made = contract("seen", "id", "id:integer at:timestamp rows:integer", partition=Partition("at", "day"))
    frame = frame_of(EVENTS, [event(number) for number in range(10)])
    where = ("at", date(2013, 1, 3), date(2013, 1, 8))
    keep = [(date(2013, 1, 4), date(2013, 1, 4)), (date(2013, 1, 8), date(2013, 1, 20))]
    rows = run(engine_name, only(seen), {"events": given(EVENTS, frame, tmp_path, where)}, made, {}, keep)
    assert rows.sort("id").rows() == [(3, MIDNIGHT + timedelta(days=3), 6), (7, MIDNIGHT + timedelta(days=7), 6)]


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_spine_has_every_hour_of_its_days(engine_name: str, tmp_path: Path) -> None:
    def hours(events: Frame, *, spine: Annotated[Frame, HourSpine("events", by=("place",), at="at")]) -> Frame:
        return spine

    made = contract("hours", "place at", "place:string at:timestamp")
    inputs = {"events": given(EVENTS, frame_of(EVENTS, []), tmp_path)}
    spans = pa.table(
        {
            "place": ["a", "a", "b"],
            "first_day": [date(2013, 3, 10), date(2013, 11, 3), date(2012, 2, 28)],
            "last_day": [date(2013, 3, 10), date(2013, 11, 4), date(2012, 3, 1)],
        }
    )
    reader = engine(engine_name).run(only(hours), inputs, made, {"spine": spans})
    rows = pl.from_arrow(reader.read_all())
    assert isinstance(rows, pl.DataFrame)
    wanted = [
        {"place": place, "at": datetime(*day, tzinfo=UTC) + timedelta(hours=hour)}
        for place, day, count in (("a", (2013, 3, 10), 24), ("a", (2013, 11, 3), 48), ("b", (2012, 2, 28), 72))
        for hour in range(count)
    ]
    assert differences(rows, frame_of(made, wanted), made) == []


@pytest.mark.parametrize("engine_name", ENGINES)
def test_column_types_are_the_contracts(engine_name: str, tmp_path: Path) -> None:
    def typed(events: Frame) -> Frame:
        return events.select("id", "at", "amount", month=nw.col("at").dt.month(), rows=nw.col("id").sum().over("place"))

    made = contract("typed", "id", "id:integer at:timestamp amount:decimal(12,4) month:integer rows:integer")
    inputs = {"events": given(EVENTS, frame_of(EVENTS, [event(1, amount=Decimal("1.5"))]), tmp_path)}
    schema = engine(engine_name).run(only(typed), inputs, made).schema
    assert [str(kind) for kind in schema.types] == [
        "int64", "timestamp[us, tz=UTC]", "decimal128(12, 4)", "int64", "int64",
    ]  # fmt: skip


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("whole:integer", "t.whole comes as Float64, the contract says Int64"),
        ("missing:float", r"does not give the column\(s\) missing"),
        ("whole:date", "t.whole comes as Float64, the contract says Date"),
    ],
)
def test_a_result_that_is_not_the_contracts_is_refused(
    engine_name: str, column: str, words: str, tmp_path: Path
) -> None:
    def t(events: Frame) -> Frame:
        return events.select("id", whole=nw.col("value"))

    inputs = {"events": given(EVENTS, frame_of(EVENTS, [event(1, value=1.9)]), tmp_path)}
    with pytest.raises(EngineError, match=words):
        engine(engine_name).run(only(t), inputs, contract("t", "id", f"id:integer {column}"))


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_transformation_that_fails_is_an_engine_error(engine_name: str, tmp_path: Path) -> None:
    def t(events: Frame) -> Frame:
        return events.with_columns(other=nw.col("nowhere"))

    inputs = {"events": given(EVENTS, frame_of(EVENTS, [event(1)]), tmp_path)}
    with pytest.raises(EngineError, match=f"{engine_name} failed on t: "):
        engine(engine_name).run(only(t), inputs, contract("t", "id", "id:integer")).read_all()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_a_missing_file_is_an_engine_error(engine_name: str, tmp_path: Path) -> None:
    def t(events: Frame) -> Frame:
        return events.select("id")

    inputs = {"events": given(EVENTS, frame_of(EVENTS, [event(1)]), tmp_path)}
    Path(inputs["events"].files[0]).unlink()
    with pytest.raises(EngineError, match=r"events-0\.parquet"):
        engine(engine_name).run(only(t), inputs, contract("t", "id", "id:integer")).read_all()


@pytest.mark.parametrize("engine_name", ENGINES)
def test_several_threads_may_run_one_engine(engine_name: str, tmp_path: Path) -> None:
    def t(events: Frame) -> Frame:
        return events.select("id")

    made, shared = contract("t", "id", "id:integer"), engine(engine_name)
    inputs = {"events": given(EVENTS, frame_of(EVENTS, [event(number) for number in range(1000)]), tmp_path)}
    sums: list[int] = []

    def work() -> None:
        sums.append(pl.DataFrame(shared.run(only(t), inputs, made).read_all())["id"].sum())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [499_500] * 4


@pytest.mark.filterwarnings("error::ResourceWarning")  # a spill folder that only the garbage collector removes
@pytest.mark.parametrize("engine_name", [name for name in ENGINES if CAPABILITIES[name].spills])
def test_more_than_memory_goes_to_disk_and_is_cleaned_up(engine_name: str, tmp_path: Path) -> None:
    def t(events: Frame) -> Frame:
        ranked = nw.col("value").rolling_sum(5, min_samples=1).over("place", order_by="at")
        return events.with_columns(ranked=ranked)

    spill = tmp_path / "spill"
    spill.mkdir()
    rows = 600_000
    frame = pl.DataFrame({"id": pl.int_range(rows, eager=True)}).with_columns(
        at=pl.lit(MIDNIGHT) + pl.duration(hours=pl.col("id")),
        place=pl.lit("a") + (pl.col("id") % 1000).cast(pl.String) + "x" * 40,
        amount=pl.lit(None, pl.Decimal(12, 4)),
        value=pl.col("id") * 0.5,
    )
    made = contract("t", "id", "id:integer at:timestamp place:string ranked:float")
    settings = {"memory_limit": "60MB", "temp_directory": str(spill), "threads": 2}
    reader = engine(engine_name, **settings).run(only(t), {"events": given(EVENTS, frame, tmp_path)}, made)
    spilled = sum(path.stat().st_size for path in spill.rglob("*") if path.is_file())
    assert sum(batch.num_rows for batch in reader) == rows
    assert spilled > 0
    assert list(spill.iterdir()) == []


@pytest.mark.filterwarnings("error::ResourceWarning")
@pytest.mark.parametrize("engine_name", [name for name in ENGINES if CAPABILITIES[name].spills])
def test_a_reader_that_nobody_reads_cleans_up_too(engine_name: str, tmp_path: Path) -> None:
    def t(events: Frame) -> Frame:
        return events.select("id")

    inputs = {"events": given(EVENTS, frame_of(EVENTS, [event(1)]), tmp_path)}
    reader = engine(engine_name, temp_directory=str(tmp_path)).run(only(t), inputs, contract("t", "id", "id:integer"))
    assert list(tmp_path.glob("mirrorlake-*"))
    del reader
    assert not list(tmp_path.glob("mirrorlake-*"))


def test_an_unknown_engine_lists_the_known() -> None:
    with pytest.raises(UnknownChoiceError, match="unknown engine: 'pandas'") as caught:
        engine("pandas")
    assert all(name in str(caught.value) for name in ENGINES)


def test_an_unknown_setting_of_an_engine_is_refused() -> None:
    with pytest.raises(TypeError, match="memory"):
        engine("duckdb", memory="1GB")


def test_an_input_scans_lazily() -> None:
    def explode() -> pl.LazyFrame:
        raise AssertionError

    assert Input(EVENTS, explode, []).hold
