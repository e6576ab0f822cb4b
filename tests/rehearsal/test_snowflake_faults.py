"""Snowflake does not answer, forgets the session, ends a statement: retried or a clear error, no half state."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from lake.errors import ConfigError, StorageError, WarehouseError
from rehearsal.keys import key_pair
from tests.backends.star_lake import star
from tests.rehearsal.snowflake_world import World, account
from warehouse.warehouses import _snowflake_session
from warehouse.warehouses.snowflake import LostSessionError, SnowflakeWarehouse

HISTORY = "SELECT COUNT(*) FROM $db.raw._load_history WHERE lake_version IS NOT NULL"


@pytest.fixture
def here(bare: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Set up; a small star in the lake; short waits between tries."""
    monkeypatch.setattr(_snowflake_session, "FIRST_SECONDS", 0.01)
    bare.warehouse.set_up()
    bare.lake.fill(star(days=3, places=1))
    return bare


LOST = (
    {"kind": "expire", "matching": "COPY INTO"},  # renewed by the connector itself
    {"kind": "expire_for_good", "matching": "COPY INTO .*weather_daily"},
    {"kind": "expire_for_good", "matching": "COPY INTO", "when": "after"},
    {"kind": "expire_for_good", "matching": "MERGE INTO .*weather_daily"},
    {"kind": "expire_for_good", "matching": r"\ACOMMIT\Z"},
    {"kind": "expire_for_good", "matching": r"\ACOMMIT\Z", "when": "after"},
    {"kind": "http", "matching": "COPY INTO", "status": 503},
    {"kind": "drop", "matching": "COPY INTO"},
)


def test_what_is_lost_on_the_way_is_done_once(here: World) -> None:
    whole = {name: (len(here.lake.rows(name)), False) for name in here.lake.contracts}
    for number, fault in enumerate(LOST, start=1):
        here.order(**fault)
        result = here.load(full=True)
        assert {name: (table.inserted, table.unchanged) for name, table in result.tables.items()} == whole, fault
        here.assert_equal_to_lake()
        assert here.ask(HISTORY) == [(4 * number,)], fault
        for name in whole:  # behind the history's back, so that the next one has all to do again
            here.ask(f"DELETE FROM $db.raw.{name}")
    here.load(full=True)
    assert here.load(here.lake.snapshot()).unchanged


def test_an_answer_that_does_not_come_in_time_is_asked_for_again(here: World) -> None:
    here.warehouse.account = replace(here.warehouse.account, network_seconds=2)
    here.warehouse.close()
    here.order(kind="delay", matching="COPY INTO", seconds=6)
    here.load()
    here.assert_equal_to_lake()
    assert here.ask(HISTORY) == [(4,)]


def test_a_statement_that_the_server_ends_is_a_clear_error(here: World) -> None:
    message = "Statement reached its statement or warehouse timeout of 60 second(s) and was canceled."
    here.order(kind="error", matching="COPY INTO .*fact", code="000630", message=message)
    with pytest.raises(WarehouseError, match=r"timeout of 60 second\(s\)") as caught:
        here.load()
    assert "snowflake.statement_seconds" in str(caught.value)
    assert here.warehouse.tables("raw") == []  # no table without the others
    here.load()
    here.assert_equal_to_lake()


def test_a_session_that_is_lost_each_time_ends_as_an_error_and_the_next_run_completes(here: World) -> None:
    here.order(kind="expire_for_good", matching="MERGE INTO .*fact", times=99)
    with pytest.raises(LostSessionError, match="the session with Snowflake was lost"):
        here.load()
    assert here.ask("SELECT COUNT(*) FROM $db.raw.dim_date") == [(0,)]
    here.forgive()
    here.load()
    here.assert_equal_to_lake()


def test_a_wrong_key_is_refused_in_words_without_the_key(here: World) -> None:
    private, _ = key_pair()
    stranger = SnowflakeWarehouse(
        account(here.server, "ANY", private_key=lambda: private), here.warehouse.names, tag="test"
    )
    with pytest.raises(ConfigError, match="refuses the login of MIRRORLAKE_LOADER") as caught:
        stranger.set_up()
    said = str(caught.value) + repr(stranger.account)
    assert "RSA_PUBLIC_KEY" in said
    assert private.splitlines()[1] not in said
    nobody = SnowflakeWarehouse(account(here.server, "ANY", user="NOBODY"), here.warehouse.names)
    with pytest.raises(ConfigError, match="refuses the login of NOBODY"):
        nobody.set_up()
    broken = SnowflakeWarehouse(account(here.server, "ANY", private_key=lambda: "no key"), here.warehouse.names)
    with pytest.raises(ConfigError, match="private key for Snowflake cannot be read"):
        broken.set_up()


def test_nobody_answers(here: World) -> None:
    absent = SnowflakeWarehouse(account(here.server, "ANY", port=9, login_seconds=2), here.warehouse.names)
    began = time.monotonic()
    assert absent.loaded() is None  # the load then runs, and says what is wrong
    assert absent.published() == {"published": None}
    with pytest.raises(StorageError, match="Snowflake does not answer"):
        absent.set_up()
    assert time.monotonic() - began < 30
