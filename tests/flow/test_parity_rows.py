"""Rows by key: what is equal and what is not, doubled and null keys, sensitive values, tables without a key."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity_world import compared, planted, table

from lake.compare import differences
from lake.contract.model import Column, Contract, Type
from lake.duck import configure
from pipeline.parity import rows
from pipeline.parity.model import Keys, Parity, Subject, TableParity, ValueDifference
from pipeline.parity.page import as_html
from pipeline.parity.subjects import of_contract, of_mart, subjects
from pipeline.quality.marts import Mart
from pipeline.workspace import open_workspace
from warehouse.exports import Export

FLOAT = "SELECT id, {}::DOUBLE AS v FROM facts"
ROWS = "SELECT id, place, share, reading, seen_at FROM facts"


def test_the_same_rows_in_another_order_are_equal(tmp_path: Path) -> None:
    found = planted(tmp_path, ROWS, f"{ROWS} ORDER BY hash(id)")
    assert (found.verdict, found.left_rows, found.right_rows) == ("equal", 60, 60)
    assert found.hints == found.values == found.columns == ()


def test_metadata_is_outside_equality(tmp_path: Path) -> None:
    exported = table(tmp_path, "left", ROWS)
    assert compared(exported, table(tmp_path, "right", ROWS)).verdict == "equal"


@pytest.mark.parametrize(("shift", "verdict"), [("1e-6", "equal"), ("9.9e-7", "equal"), ("2e-6", "different")])
def test_floats_may_differ_by_as_much_as_the_contract_says(shift: str, verdict: str, tmp_path: Path) -> None:
    assert planted(tmp_path, FLOAT.format(0), FLOAT.format(shift)).verdict == verdict


def test_the_tolerance_is_the_columns_own(tmp_path: Path) -> None:
    one, other = "SELECT id, share FROM facts", "SELECT id, share + 0.004 AS share FROM facts"
    left, right = table(tmp_path, "left", one), table(tmp_path, "right", other)
    assert compared(left, right, decimals={"share": 2}).verdict == "equal"
    assert compared(left, right, decimals={"share": 3}).verdict == "different"


def test_all_else_is_compared_exactly(tmp_path: Path) -> None:
    one = "SELECT id, 1::DECIMAL(18, 9) AS v, place FROM facts"
    other = "SELECT id, (1 + 1e-9)::DECIMAL(18, 9) AS v, place || ' ' AS place FROM facts"
    found = planted(tmp_path, one, other)
    assert {value.column: value.rows for value in found.values} == {"v": 60, "place": 60}
    assert found.differing_rows == 60


def test_rows_of_one_side(tmp_path: Path) -> None:
    found = planted(tmp_path, f"{ROWS} WHERE id <> 7", f"{ROWS} WHERE id NOT IN (3, 4, 5)")
    assert found.only_left == Keys(3, ((3,), (4,), (5,)))
    assert found.only_right == Keys(1, ((7,),))
    assert (found.verdict, found.differing_rows) == ("different", 0)


def test_a_doubled_key_is_said_and_hides_no_other_difference(tmp_path: Path) -> None:
    one = f"{ROWS} UNION ALL {ROWS} WHERE id IN (5, 6)"
    other = "SELECT * REPLACE (CASE id WHEN 6 THEN -1 WHEN 7 THEN -2 ELSE share END AS share) FROM " + f"({ROWS})"
    found = planted(tmp_path, one, other)
    assert found.doubled_left == Keys(2, ((5,), (6,)))
    assert found.doubled_right == Keys()
    assert [(value.column, value.rows, value.examples[0].key) for value in found.values] == [("share", 1, (7,))]
    assert found.only_left == found.only_right == Keys()


def test_a_null_in_a_key_matches_a_null(tmp_path: Path) -> None:
    one = "SELECT CASE WHEN id > 1 THEN id END AS id, share FROM facts WHERE id < 3"
    assert planted(tmp_path, one, one).verdict == "equal"
    found = planted(tmp_path, one, one.replace("share FROM", "share + 1 AS share FROM"))
    assert [example.key for value in found.values for example in value.examples] == [(2,), (None,)]


def test_an_empty_table_equals_an_empty_table_only(tmp_path: Path) -> None:
    nothing = f"{ROWS} WHERE false"
    assert planted(tmp_path, nothing, nothing).verdict == "equal"
    assert planted(tmp_path, nothing, ROWS).only_right.count == 60


def test_sensitive_values_are_compared_and_not_shown(tmp_path: Path) -> None:
    left = table(tmp_path, "left", "SELECT place || id AS place, id, 'secret' || id AS note FROM facts")
    right = table(tmp_path, "right", "SELECT place || id AS place, id, 'hidden' || id AS note FROM facts WHERE id > 1")
    found = compared(left, right, "place", sensitive=frozenset({"note", "place"}))
    assert found.differing_rows == 59
    told = repr(found)
    assert "secret" not in told
    assert "hidden" not in told
    assert "zurich" not in told
    assert found.only_left.examples == (("****",),)


def test_days_of_a_sensitive_key_are_in_no_hint(tmp_path: Path) -> None:
    days = "SELECT (DATE '2013-07-01' + id::INTEGER) AS born, id FROM facts"
    left, right = table(tmp_path, "left", days), table(tmp_path, "right", f"{days} WHERE id < 40")
    assert "2013-07-02" in repr(compared(left, right, "born"))
    assert "2013" not in repr(compared(left, right, "born", sensitive=frozenset({"born"})))


def test_a_marts_values_are_hidden_where_a_contract_or_its_description_says_so() -> None:
    secret = Column("phone", Type("string"), "", classification="pii")
    contract = Contract("people", "gold", "1.0.0", "", "", (secret,), ("phone",), ())
    columns = {"phone": "varchar", "home": "varchar", "n": "bigint"}
    mart = Mart("mart_people", columns, (), ("phone",), None, frozenset({"home"}))
    assert of_mart(mart, "marts", [contract]).sensitive == {"phone", "home"}


def test_every_mart_is_compared_with_the_contracts_at_hand(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    workspace = open_workspace()
    spoiled = {
        name: replace(contract, columns=tuple(replace(column, classification="pii") for column in contract.columns))
        for name, contract in workspace.contracts.items()
    }
    monkeypatch.setitem(vars(workspace), "contracts", spoiled)
    marts = [subject for subject in subjects(workspace) if subject.layer in ("marts", "published")]
    assert marts
    assert all("location_id" in mart.sensitive for mart in marts if "location_id" in mart.columns)


def test_without_a_key_nothing_can_be_said(tmp_path: Path) -> None:
    left, right = table(tmp_path, "left", ROWS), table(tmp_path, "right", ROWS)
    with duckdb.connect() as connection:
        found = rows.compare_rows(connection, Subject("marts", "planted", (), ()), left, right)
    assert found.verdict == "failed"
    assert "by what its rows are known" in str(found.error)


def test_where_a_key_column_is_missing_columns_and_counts_are_said(tmp_path: Path) -> None:
    found = planted(tmp_path, ROWS, "SELECT place, share, reading, seen_at FROM facts WHERE id < 9")
    assert found.verdict == "different"
    assert [each.column for each in found.columns] == ["id"]
    assert (found.left_rows, found.right_rows) == (60, 8)


def test_what_the_contract_promises_and_neither_side_has(tmp_path: Path) -> None:
    left, right = table(tmp_path, "left", ROWS), table(tmp_path, "right", ROWS)
    with duckdb.connect() as connection:
        configure(connection)
        found = rows.compare_rows(connection, Subject("gold", "planted", ("id",), ("id", "promised")), left, right)
    assert [(each.column, each.left, each.right) for each in found.columns] == [("promised", None, None)]
    assert found.verdict == "different"


def test_more_differences_than_are_kept_are_all_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "KEPT", 10)
    found = planted(tmp_path, ROWS, "SELECT * REPLACE (share + 1 AS share) FROM " + f"({ROWS})")
    assert found.values[0].rows == 60
    assert [example.key for example in found.values[0].examples] == [(1,), (2,), (3,), (4,), (5,)]


def test_a_column_that_differs_only_beyond_what_is_kept_has_examples_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "KEPT", 10)
    late = "CASE WHEN id > 40 THEN reading + 1 ELSE reading END AS reading, CASE WHEN id > 50 THEN 'x' ELSE place END"
    found = planted(tmp_path, ROWS, f"SELECT * REPLACE (share + 1 AS share, {late} AS place) FROM ({ROWS})")
    first = {value.column: (value.rows, value.examples[0].key) for value in found.values}
    assert first == {"share": (60, (1,)), "reading": (15, (41,)), "place": (10, (51,))}
    parity = Parity("dev", "prod", {}, None, (found,), 0.0, "2013-07-04T00:00:00+00:00")
    assert "id=51" in as_html(parity)


def test_the_page_can_do_without_an_example() -> None:
    bare = TableParity("gold", "t", "different", ("id",), values=(ValueDifference("v", 3, ()),), differing_rows=3)
    page = as_html(Parity("dev", "prod", {}, None, (bare,), 0.0, "2013-07-04T00:00:00+00:00"))
    assert "<code>v</code>" in page


def test_a_join_larger_than_memory_spills(tmp_path: Path) -> None:
    wide = "SELECT i AS id, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS a FROM range(700_000) AS r(i)"
    left, right = (table(tmp_path, side, wide) for side in ("left", "right"))
    with duckdb.connect() as connection:
        configure(connection)
        connection.execute(f"SET memory_limit = '100MB'; SET temp_directory = '{tmp_path / 'spill'}'; SET threads = 2")
        found = rows.compare_rows(connection, Subject("gold", "planted", ("id",), ("id", "a")), left, right)
    assert (found.verdict, found.left_rows) == ("equal", 700_000)


# --- the same rules as lake.compare, which has them for frames -------------------------------------------------------

KINDS = {
    "number": ("float", pl.Float64, st.sampled_from([0.0, 1e-7, 1e-6, 3e-6, -1.5, math.inf, math.nan])),
    "exact": ("decimal", pl.Decimal(12, 4), st.sampled_from([Decimal("0.1"), Decimal("0.1001"), Decimal("-3")])),
    "word": ("text", pl.String, st.sampled_from(["", "a", "A", "ä"])),
    "day": ("date", pl.Date, st.sampled_from([date(2013, 7, 4), date(2013, 7, 5)])),
    "moment": ("timestamp", pl.Datetime("us", "UTC"), st.sampled_from([datetime(2013, 7, 4, 5, tzinfo=UTC)])),
    "flag": ("boolean", pl.Boolean, st.booleans()),
}  # fmt: skip
TYPES = {"number": Type("float"), "exact": Type("decimal", 12, 4), "word": Type("string"), "day": Type("date")}
TYPES |= {"moment": Type("timestamp"), "flag": Type("boolean")}
CONTRACT = Contract(
    "compared",
    "gold",
    "1.0.0",
    "",
    "",
    tuple(Column(name, kind, "", decimals=6) for name, kind in {"id": Type("integer"), **TYPES}.items()),
    ("id",),
    (),
)
ROW = st.fixed_dictionaries({name: st.none() | values for name, (_, _, values) in KINDS.items()})
SIDE = st.lists(st.tuples(st.integers(1, 4), ROW), max_size=6)


@settings(max_examples=60, deadline=None)
@given(left=SIDE, right=SIDE)
def test_frames_and_files_are_compared_by_the_same_rules(
    left: list[tuple[int, dict[str, object]]],
    right: list[tuple[int, dict[str, object]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("sides")
    frames = [frame(side) for side in (left, right)]
    by_frames = differences(*frames, CONTRACT)
    exports = []
    for name, made in zip(("left", "right"), frames, strict=True):
        made.write_parquet(folder / f"{name}.parquet")
        kinds = {"id": "integer", **{column: kind for column, (kind, _, _) in KINDS.items()}}
        exports.append(Export(kinds | {"exact": "decimal(12,4)"}, folder / f"{name}.parquet"))
    with duckdb.connect() as connection:
        configure(connection)
        by_files = rows.compare_rows(connection, of_contract(CONTRACT, "gold"), *exports)
    doubled = {difference.key for difference in by_frames if difference.kind == "doubled"}
    only = {kind: {each.key for each in by_frames if each.kind == kind} for kind in ("only_left", "only_right")}
    assert (by_files.verdict == "equal") == (not by_frames)
    assert {*by_files.doubled_left.examples, *by_files.doubled_right.examples} == doubled
    assert set(by_files.only_left.examples) == only["only_left"]
    assert set(by_files.only_right.examples) == only["only_right"]
    values = {(each.key, each.column) for each in by_frames if each.kind == "value" and each.key not in doubled}
    assert {(example.key, value.column) for value in by_files.values for example in value.examples} == values


def frame(side: list[tuple[int, dict[str, object]]]) -> pl.DataFrame:
    schema = {"id": pl.Int64, **{name: dtype for name, (_, dtype, _) in KINDS.items()}}
    return pl.DataFrame([{"id": key, **row} for key, row in side], schema=schema)
