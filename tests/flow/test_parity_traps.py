"""Each known trap, planted as it comes about: the same words, said to two databases or two settings of one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from parity_world import compared, planted, table

from lake.errors import TableError
from pipeline.parity import traps
from pipeline.parity.model import Subject, TableParity
from pipeline.parity.trap_words import Pair
from warehouse.exports import Export

# trap: the statement of one side, that of the other
PLANTED = {
    "rounding": (
        "SELECT id, round(eighth, 2) AS value FROM facts",
        "SELECT id, round_even(eighth, 2) AS value FROM facts",
    ),
    "integer division": ("SELECT id, id / 4 AS value FROM facts", "SELECT id, (id // 4)::DOUBLE AS value FROM facts"),
    "truncation": (
        "SELECT id, share::BIGINT AS value FROM facts",
        "SELECT id, trunc(share)::BIGINT AS value FROM facts",
    ),
    "decimal scale": (
        "SELECT id, share::DECIMAL(12, 6) AS value FROM facts",
        "SELECT id, share::DECIMAL(12, 2)::DECIMAL(12, 6) AS value FROM facts",
    ),
    "float width": (
        "SELECT id, 1000 * share AS value FROM facts",
        "SELECT id, (1000 * share)::REAL::DOUBLE AS value FROM facts",
    ),
    "division by zero": (
        "SELECT id, CASE WHEN seventh <> 0 THEN 1 / seventh END AS value FROM facts",
        "SELECT id, CASE WHEN seventh <> 0 THEN 1 / seventh ELSE 'inf'::DOUBLE END AS value FROM facts",
    ),
    "null order": (
        "SELECT id, row_number() OVER (ORDER BY reading NULLS LAST, id) AS value, reading FROM facts",
        "SELECT id, row_number() OVER (ORDER BY reading NULLS FIRST, id) AS value, reading FROM facts",
    ),
    "null handling": (
        "SELECT id, greatest(reading, 3) AS value FROM facts",
        "SELECT id, CASE WHEN reading IS NOT NULL THEN greatest(reading, 3) END AS value FROM facts",
    ),
    "empty text": (
        "SELECT id, CASE WHEN seventh > 2 THEN place END AS value FROM facts",
        "SELECT id, CASE WHEN seventh > 2 THEN place ELSE '' END AS value FROM facts",
    ),
    "week boundary": (
        "SELECT id, date_trunc('week', seen_at)::DATE AS value FROM facts",
        "SELECT id, (seen_at::DATE - dayofweek(seen_at)::INTEGER) AS value FROM facts",
    ),
    "timestamp precision": (
        "SELECT id, seen_at + INTERVAL (1 + id) MICROSECOND AS value FROM facts",
        "SELECT id, date_trunc('second', seen_at) AS value FROM facts",
    ),
    "epoch": (
        "SELECT id, CASE WHEN seventh > 2 THEN seen_at END AS value FROM facts",
        "SELECT id, CASE WHEN seventh > 2 THEN seen_at ELSE to_timestamp(0) END AS value FROM facts",
    ),
}
COLLATED = "ORDER BY place COLLATE NOCASE.NOACCENT, id"


def values(found: TableParity) -> dict[str, str | None]:
    assert found.verdict == "different"
    return {value.column: value.trap for value in found.values}


@pytest.mark.parametrize("trap", PLANTED)
@pytest.mark.parametrize("turned", [False, True])
def test_a_trap_is_named(trap: str, turned: bool, tmp_path: Path) -> None:
    left, right = PLANTED[trap][::-1] if turned else PLANTED[trap]
    found = planted(tmp_path, left, right)
    assert values(found) == {"value": trap}
    assert found.differing_rows == found.values[0].rows > 3
    assert any(hint.startswith(f"{trap}: ") for hint in found.hints)


def test_two_libraries_that_round_by_themselves(tmp_path: Path) -> None:
    halves = table(tmp_path, "left", "SELECT id, eighth FROM facts")
    up = table(tmp_path, "up", "SELECT id, round(eighth, 2) AS value FROM facts")
    even = tmp_path / "even.parquet"
    pl.read_parquet(halves.path).select("id", value=pl.col("eighth").round(2)).write_parquet(even)
    assert values(compared(up, Export(up.columns, even))) == {"value": "rounding"}


def test_texts_sorted_by_language(tmp_path: Path) -> None:
    ranked = "SELECT id, place, row_number() OVER ({}) AS value FROM facts"
    found = planted(tmp_path, ranked.format("ORDER BY place, id"), ranked.format(COLLATED))
    assert values(found) == {"value": "string collation"}
    first = "SELECT seventh AS id, {} AS value FROM facts GROUP BY seventh"
    found = planted(tmp_path, first.format("min(place)"), first.format("arg_min(place, strip_accents(lower(place)))"))
    assert values(found) == {"value": "string collation"}


def test_keys_that_one_side_takes_for_equal(tmp_path: Path) -> None:
    names = "SELECT unnest(['Bern', 'bern', 'Ålesund', 'zurich']) AS place"
    merged = "SELECT unnest(['Bern', 'Ålesund', 'zurich']) AS place"
    found = planted(tmp_path, names, merged, "place")
    assert (found.only_left.count, found.only_left.examples) == (1, (("bern",),))
    assert [hint.partition(":")[0] for hint in found.hints] == ["string collation"]


def test_a_session_in_another_time_zone(tmp_path: Path) -> None:
    day = "SELECT id, seen_at::DATE AS value FROM facts"
    assert values(planted(tmp_path, day, day, zone="America/New_York")) == {"value": "time zone"}
    local = "SELECT id, seen_at::TIMESTAMP AS value FROM facts"
    found = planted(tmp_path, local, local, zone="America/New_York")
    assert values(found) == {"value": "time zone"}
    assert found.values[0].rows == 60


def test_keys_in_another_time_zone(tmp_path: Path) -> None:
    rows = "SELECT seen_at::TIMESTAMP AS seen_at, id FROM facts WHERE id < 20"
    found = planted(tmp_path, rows, rows, "seen_at", zone="Asia/Tokyo")
    assert [hint.partition(":")[0] for hint in found.hints] == ["time zone"]
    assert found.only_left.count == found.only_right.count > 0


def test_a_column_in_another_case_or_in_quotes(tmp_path: Path) -> None:
    found = planted(tmp_path, "SELECT id, share FROM facts", 'SELECT id, share AS "Share" FROM facts')
    assert [(each.column, each.left, each.right) for each in found.columns] == [
        ("share", "float", None),
        ("Share", None, "float"),
    ]
    assert [hint.partition(":")[0] for hint in found.hints] == ["identifier case"]


@pytest.mark.parametrize(
    ("one", "other", "trap"),
    [
        ("DECIMAL(12, 2)", "DECIMAL(12, 4)", "decimal scale"),
        ("DOUBLE", "REAL", "float width"),
        ("DOUBLE", "BIGINT", "integer division"),
    ],
)
def test_kinds_of_columns(one: str, other: str, trap: str, tmp_path: Path) -> None:
    kinds = [f"SELECT id, (id * 2)::{kind} AS value FROM facts" for kind in (one, other)]
    found = planted(tmp_path, *kinds)
    assert (found.verdict, found.values) == ("different", ()), "the values are the same numbers"
    assert [hint.partition(":")[0] for hint in found.hints] == [trap]


def test_an_instant_and_a_time_without_a_zone(tmp_path: Path) -> None:
    found = planted(tmp_path, "SELECT id, seen_at FROM facts", "SELECT id, seen_at::TIMESTAMP AS seen_at FROM facts")
    assert [(each.left, each.right) for each in found.columns] == [("timestamp", "timestamp without zone")]
    assert found.values == ()
    assert [hint.partition(":")[0] for hint in found.hints] == ["time zone"]


def test_the_week_is_numbered_from_another_day(tmp_path: Path) -> None:
    found = planted(
        tmp_path,
        "SELECT id, isodow(seen_at) AS day_of_week FROM facts",
        "SELECT id, dayofweek(seen_at) + 1 AS day_of_week FROM facts",
    )
    assert values(found) == {"day_of_week": "week boundary"}


def test_no_trap_is_named_where_none_fits(tmp_path: Path) -> None:
    found = planted(
        tmp_path,
        "SELECT id, share, place FROM facts",
        "SELECT id, share * 1.37 + 3 AS share, 'x' || place AS place FROM facts",
    )
    assert values(found) == {"share": None, "place": None}
    assert found.hints == ()


def test_hours_of_the_day_in_another_zone(tmp_path: Path) -> None:
    hours = "SELECT id, hour(seen_at) AS hour_of_day FROM facts"
    assert values(planted(tmp_path, hours, hours, zone="America/New_York")) == {"hour_of_day": "time zone"}


# --- no hint ends a comparison ---------------------------------------------------------------------------------------


def test_keys_with_a_zone_on_one_side_and_without_on_the_other(tmp_path: Path) -> None:
    instants = "SELECT seen_at, id FROM facts WHERE id < 20"
    shifted = "SELECT seen_at::TIMESTAMP - INTERVAL 4 HOUR AS seen_at, id FROM facts WHERE id < 20"
    found = planted(tmp_path, instants, shifted, "seen_at")
    assert [hint.partition(":")[0] for hint in found.hints] == ["time zone"]
    assert found.only_left.count == 19
    same = "SELECT seen_at::TIMESTAMP AS seen_at, id FROM facts WHERE id < 20 AND id <> 3"
    found = planted(tmp_path, instants, same, "seen_at")
    assert found.only_left.count == 1
    assert [hint.partition(":")[0] for hint in found.hints] == ["time zone"], "of the column's kind"


@pytest.mark.parametrize("value", ["seen_at", "seen_at::DATE"])
def test_times_of_both_sorts_and_nulls_among_them(value: str, tmp_path: Path) -> None:
    found = planted(
        tmp_path,
        f"SELECT id, CASE WHEN seventh > 2 THEN {value} END AS value FROM facts",
        "SELECT id, CASE WHEN seventh < 5 THEN seen_at::TIMESTAMP - INTERVAL 9 HOUR END AS value FROM facts",
    )
    assert found.verdict == "different"


PAIRS = [
    (datetime(2013, 7, 1, tzinfo=UTC), datetime(2013, 7, 7)),  # noqa: DTZ001
    (date(2013, 7, 1), datetime(2013, 7, 7, tzinfo=UTC)),
    ([1], [2]),
    ({"a": 1}, None),
    (b"a", "a"),
    (True, 1),
]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("others", [[], [(None, None)], [(1, 2)], [(None, date(2013, 7, 1))]])
def test_a_judge_says_yes_or_no_of_anything(pair: Pair, others: list[Pair]) -> None:
    for name, judge in traps._JUDGES:
        for column in ("value", "week", "hour"):
            assert judge(column, [pair, *others]) in (True, False), name


def test_lists_and_structures_are_compared(tmp_path: Path) -> None:
    found = planted(
        tmp_path,
        "SELECT id, [id, 1] AS list, {'a': id} AS structure FROM facts",
        "SELECT id, [id, 2] AS list, {'a': id + 1} AS structure FROM facts",
    )
    assert values(found) == {"list": None, "structure": None}


def test_a_hint_that_cannot_be_had_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(traps, "_JUDGES", (("rounding", fails),))
    monkeypatch.setattr("pipeline.parity.rows.of_keys", fails)
    found = planted(tmp_path, "SELECT id, share FROM facts", "SELECT id, share + 1 AS share FROM facts WHERE id > 3")
    assert values(found) == {"share": None}
    assert (found.only_left.count, found.hints) == (3, ())


def test_days_that_cannot_be_asked_for_a_hint_leave_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> Iterator[str]:
        yield from ()
        raise TableError("the log cannot be read", where="silver/t")

    found = TableParity("gold", "planted", "different", ("id",))
    compare = importlib.import_module("pipeline.parity.compare")  # the package's name means the function
    monkeypatch.setattr(compare, "_compared", lambda *_: found)
    monkeypatch.setattr(compare, "_other_days", unreadable)
    subject = Subject("gold", "planted", ("id",), ("id", "day"), event="day")
    days = (date(2013, 7, 3), date(2013, 7, 4))
    assert compare._table(subject, (None, None), [], days, tmp_path) == found
