"""Quarantine as a table: by payload, without a clock, committed only where something changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lake import quarantine
from lake.contract.model import Contract, Partition
from lake.storage.objects import Objects
from lake.tables import delta_write

CONTRACT = Contract("things", "silver", "1.2.0", "d", "the owner", (), (), ())
FETCHED = datetime(2013, 8, 1, tzinfo=UTC)


def load(day: date, number: int = 1) -> str:
    return f"bronze/source=s/dataset=d/run_date={day}/slice=x/load={number}"


def rejected(day: date, *positions: int, number: int = 1) -> pl.DataFrame:
    count = len(positions)
    return pl.DataFrame(
        {
            "_run_date": [day] * count,
            "_load": [number] * count,
            "_payload": [load(day, number)] * count,
            "_position": list(positions),
            "rules": [["value.maximum", "value.type"]] * count,
            "reasons": [["too much", "no number"]] * count,
            "row": ['{"value":1}'] * count,
        },
        schema={name: quarantine.COLUMNS[name] for name in list(quarantine.COLUMNS)[:7]},
    )


JULY, AUGUST = date(2013, 7, 4), date(2013, 8, 2)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path))


def store(
    objects: Objects, *frames: pl.DataFrame, loads: list[str] | None = None, everything: bool = False
) -> set[date]:
    names = loads if loads is not None else [name for frame in frames for name in frame["_payload"].unique()]
    return quarantine.store(objects, CONTRACT, dict.fromkeys(names, FETCHED), frames, everything=everything)


def places(objects: Objects) -> list[tuple[int, int]]:
    return [(row["_run_date"].month, row["_position"]) for row in quarantine.rows(objects, "things").to_dicts()]


def test_nothing_rejected_makes_no_table(objects: Objects) -> None:
    assert store(objects, loads=[load(JULY)]) == set()
    assert not quarantine.table(objects, "things").exists()
    assert dict(quarantine.rows(objects, "things").schema) == quarantine.COLUMNS
    assert quarantine.payloads(objects, "things") == set()


def test_a_row_is_kept_with_every_reason_owner_and_payload(objects: Objects) -> None:
    assert store(objects, rejected(JULY, 5)) == {date(2013, 7, 1)}
    (row,) = quarantine.rows(objects, "things").to_dicts()
    assert row == {
        "_run_date": JULY,
        "_load": 1,
        "_payload": load(JULY),
        "_position": 5,
        "rules": ["value.maximum", "value.type"],
        "reasons": ["too much", "no number"],
        "row": '{"value":1}',
        "owner": "the owner",
        "contract_version": "1.2.0",
        "_rejected_at": FETCHED,
    }


def test_the_same_again_is_no_commit(objects: Objects) -> None:
    for _ in range(2):
        store(objects, rejected(JULY, 5), rejected(AUGUST, 1))
    assert quarantine.table(objects, "things").version() == 0


def test_what_a_load_brings_again_takes_the_place_of_what_it_brought(objects: Objects) -> None:
    store(objects, rejected(JULY, 5, 6), rejected(AUGUST, 1))
    assert store(objects, rejected(JULY, 6)) == {date(2013, 7, 1)}
    assert places(objects) == [(7, 6), (8, 1)]
    assert store(objects, loads=[load(JULY)]) == {date(2013, 7, 1)}
    assert places(objects) == [(8, 1)]


def test_loads_of_one_slice_stand_beside_each_other(objects: Objects) -> None:
    store(objects, rejected(JULY, 5))
    store(objects, rejected(JULY, 7, number=2))
    assert places(objects) == [(7, 5), (7, 7)]
    assert quarantine.payloads(objects, "things") == {load(JULY), load(JULY, 2)}


def test_everything_means_that_other_rows_go(objects: Objects) -> None:
    store(objects, rejected(JULY, 5), rejected(AUGUST, 1))
    assert store(objects, rejected(AUGUST, 1), everything=True) == {date(2013, 7, 1)}
    assert places(objects) == [(8, 1)]


def test_when_a_payload_came_is_outside_equality() -> None:
    """So that two lakes of the same payloads are equal, whenever each of them got its own."""
    assert [name for name, dtype in quarantine.COLUMNS.items() if dtype.is_temporal()] == ["_run_date", "_rejected_at"]


@pytest.mark.parametrize("everything", [False, True])
def test_a_table_of_an_older_release_is_brought_to_todays_columns(objects: Objects, everything: bool) -> None:
    store(objects, rejected(JULY, 5), rejected(AUGUST, 1))
    table = quarantine.table(objects, "things")
    old = quarantine.rows(objects, "things").rename({"_rejected_at": "rejected_at"})
    schema = old.clear().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    table.replace(old, schema, partition=Partition("_run_date", "month"), partitions=None, site="test")
    assert quarantine.rows(objects, "things")["_rejected_at"].to_list() == [None, None]
    store(objects, rejected(AUGUST, 1), everything=everything)
    assert "rejected_at" not in table.read().columns
    shall = [FETCHED] if everything else [None, FETCHED]
    assert quarantine.rows(objects, "things")["_rejected_at"].to_list() == shall


def test_a_commit_whose_answer_was_lost_is_found(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    store(objects, rejected(JULY, 5))
    write = delta_write.write

    def answer_lost(*given: Any) -> int:
        write(*given)
        raise RuntimeError("the connection was closed")

    monkeypatch.setattr(delta_write, "write", answer_lost)
    assert store(objects, rejected(AUGUST, 1)) == {date(2013, 8, 1)}
    assert places(objects) == [(7, 5), (8, 1)]


def test_nobody_refused_is_an_empty_list(objects: Objects) -> None:
    assert quarantine.refused(objects, "things").columns == [
        "load",
        "run_date",
        "rows_in",
        "valid",
        "rejected",
        "reason",
    ]
