"""A signature is the dependency; a digest is what a transformation is made of."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
from engine_tables import contract
from script_file import module_of

from lake.errors import GraphError
from lake.gold.digest import digest
from lake.transforms import Frame, HourSpine, collect, describe, discover, transformation


def test_every_transformation_is_found_with_what_it_reads() -> None:
    found = discover()
    assert {name: made.reads for name, made in found.items()} == {
        "dim_date": ("weather_hourly",),
        "dim_location": ("weather_locations",),
        "fact_weather_hourly": ("weather_hourly", "weather_hourly_rolling"),
        "weather_daily": ("weather_hourly",),
        "weather_hourly": ("weather_observations", "weather_locations"),
        "weather_hourly_rolling": ("weather_hourly",),
    }
    assert found["weather_hourly"].spines == {
        "hour_spine": HourSpine("weather_observations", by=("location_id",), at="observed_at")
    }


def test_a_helper_has_to_be_declared() -> None:
    def undeclared(orders: Frame, *, spine: Frame) -> Frame:
        return orders

    def defaulted(orders: Frame, limit: int = 3) -> Frame:
        return orders

    for function in (undeclared, defaulted):
        with pytest.raises(GraphError, match="is neither a table nor a declared helper"):
            describe(function)


def test_a_spine_is_of_a_table_that_is_read() -> None:
    def hours(orders: Frame, *, spine: Annotated[Frame, HourSpine("shipments", ("id",), "at")]) -> Frame:
        return orders

    with pytest.raises(GraphError, match="'shipments'") as caught:
        describe(hours)
    assert "orders" in str(caught.value)


def test_a_table_is_written_by_one_function() -> None:
    @transformation
    def dim_location(weather_locations: Frame) -> Frame:
        return weather_locations

    with pytest.raises(GraphError, match="two transformations write the table 'dim_location'"):
        collect([discover()["dim_location"].function, dim_location])


CODE = '''
"""A module."""
LIMIT = 3

def _helper(frame):
    return frame.filter(LIMIT)

def daily(hourly):
    """Rows."""
    return _helper(hourly)
'''


def _module(code: str, folder: Path) -> ModuleType:
    path = folder / f"code_{abs(hash(code))}.py"
    path.write_text(code)
    return module_of(path)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""Rows."""', '"""One row per day."""', True),
        ("    return _helper(hourly)", "    # why\n    return _helper(\n        hourly)", True),
        ("LIMIT = 3", "LIMIT = 4", False),
        ("frame.filter(LIMIT)", "frame.filter(LIMIT + 0)", False),
        ("_helper(hourly)", "_helper(hourly).unique()", False),
    ],
)
def test_the_digest_follows_the_meaning_of_the_code(old: str, new: str, same: bool, tmp_path: Path) -> None:
    assert old in CODE
    contracts = {name: contract(name, "id", "id:integer") for name in ("hourly", "daily")}
    before, after = (
        digest(describe(_module(code, tmp_path).daily), contracts) for code in (CODE, CODE.replace(old, new))
    )
    assert (before == after) is same


def test_the_digest_follows_the_contracts(tmp_path: Path) -> None:
    made = describe(_module(CODE, tmp_path).daily)
    one = {name: contract(name, "id", "id:integer") for name in ("hourly", "daily")}
    for changed in ("hourly", "daily"):
        other = {**one, changed: contract(changed, "id", "id:integer value:float")}
        assert digest(made, one) != digest(made, other)
