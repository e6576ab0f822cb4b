"""Publishing in Snowflake: clone, rights, swap; readers see one whole publication, in a role that can only read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lake.errors import DamagedError, StorageError, UnknownChoiceError, UsageError, WarehouseError
from tests.rehearsal.snowflake_world import World
from warehouse.warehouses import _snowflake_session
from warehouse.warehouses.snowflake import LostSessionError


@pytest.fixture
def here(bare: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Set up; two marts are built; short waits between tries."""
    monkeypatch.setattr(_snowflake_session, "FIRST_SECONDS", 0.01)
    bare.warehouse.set_up()
    build(bare, 3)
    return bare


def build(here: World, rows: int) -> None:
    """Marts as dbt would leave them, of another content each time."""
    here.ask(
        "CREATE OR REPLACE TRANSIENT TABLE $db.marts.mart_days AS "
        + " UNION ALL ".join(f"SELECT {number}::BIGINT AS day_number" for number in range(rows))
    )
    here.ask("CREATE OR REPLACE TRANSIENT TABLE $db.marts.mart_places AS SELECT 'jfk' AS location_id")


def seen(here: World) -> int:
    with here.warehouse.reader() as reader:
        return int(str(reader.query("SELECT COUNT(*) AS n FROM mart_days").rows[0][0]))


def test_publish_shows_all_marts_at_once_and_keeps_the_one_before(here: World) -> None:
    assert here.warehouse.published() == {"published": None}
    assert here.warehouse.published_tables() == []
    with pytest.raises(StorageError, match="nothing is published yet"), here.warehouse.reader():
        pass
    began = datetime.now(UTC)
    first = here.warehouse.publish("run-1", code_version="abc", stale=("openmeteo: it's down",))
    assert (first.tables, first.snapshot) == ({"mart_days": 3, "mart_places": 1}, None)
    assert here.warehouse.published_tables() == ["mart_days", "mart_places"]
    standing = here.warehouse.standing()
    assert standing is not None
    assert (standing.run_id, standing.stale) == ("run-1", ("openmeteo: it's down",))
    assert began <= standing.published_at <= datetime.now(UTC)

    build(here, 5)
    assert seen(here) == 3  # what is built is not seen before it is published
    mark = here.warehouse.published()
    here.warehouse.publish("run-2")
    assert seen(here) == 5
    assert here.warehouse.published() != mark
    assert here.ask("SELECT run_id FROM $db.candidate._publication") == [("run-1",)]
    here.warehouse.publish("run-2")  # the same run again, as after --force
    assert seen(here) == 5


def test_what_is_published_is_known_again_and_damage_to_it_is_seen(here: World) -> None:
    here.warehouse.publish("run-1")
    mark = here.warehouse.published()
    assert here.warehouse.published() == mark
    here.ask("DELETE FROM $db.published.mart_days WHERE day_number = 1")
    damaged = here.warehouse.published()
    assert damaged != mark
    here.ask("DROP TABLE $db.published.mart_places")
    assert here.warehouse.published() not in (mark, damaged)
    here.ask("DELETE FROM $db.published._publication")
    assert here.warehouse.published() == {"published": None}
    here.warehouse.publish("run-2")  # nothing of it has to be mended by hand
    assert seen(here) == 3
    assert here.warehouse.published_tables() == ["mart_days", "mart_places"]


def test_rights_are_given_before_the_swap(here: World) -> None:
    here.warehouse.publish("run-1")
    recorded = [json.loads(line)["statement"] for line in here.server.statements.read_text().splitlines()]
    database = here.warehouse.account.database
    mine = [statement for statement in recorded if database in statement and "CANDIDATE" in statement.upper()]
    assert [statement.split(" TO ")[0].replace(database, "db") for statement in mine] == [
        "GRANT USAGE ON SCHEMA db.candidate",
        "GRANT SELECT ON ALL TABLES IN SCHEMA db.candidate",
    ]


def test_a_swap_whose_answer_is_lost_is_done_once(here: World) -> None:
    here.warehouse.publish("run-1")
    build(here, 5)
    here.order(kind="expire_for_good", matching="SWAP WITH", when="after")
    here.warehouse.publish("run-2")
    assert seen(here) == 5
    assert here.ask("SELECT run_id FROM $db.candidate._publication") == [("run-1",)]  # it was swapped once
    build(here, 7)
    here.order(kind="expire_for_good", matching="SWAP WITH", when="before")
    here.warehouse.publish("run-3")
    assert seen(here) == 7
    here.order(kind="expire_for_good", matching="CLONE", when="after", times=99)
    build(here, 9)
    with pytest.raises(LostSessionError):
        here.warehouse.publish("run-4")
    here.forgive()
    assert seen(here) == 7
    here.warehouse.publish("run-4")
    assert seen(here) == 9


def test_without_marts_nothing_is_published(here: World) -> None:
    here.warehouse.publish("run-1")
    for mart in ("mart_days", "mart_places"):
        here.ask(f"DROP TABLE $db.marts.{mart}")
    with pytest.raises(WarehouseError, match="no table in schema 'marts'"):
        here.warehouse.publish("run-2")
    assert seen(here) == 3
    here.ask("DELETE FROM $db.published._publication")
    with pytest.raises(DamagedError, match="does not say what it is"):
        here.warehouse.standing()


def test_questions_are_one_select_in_the_reader_s_role(here: World) -> None:
    here.warehouse.publish("run-1")

    def ask(sql: str, limit: int | None = None) -> object:
        return here.warehouse.ask(sql, lake_tables=["weather_daily"], files_of=lambda name: [], limit=limit)

    answer, more = here.warehouse.ask(
        "SELECT day_number FROM mart_days ORDER BY 1", lake_tables=[], files_of=lambda name: [], limit=2
    )
    assert (answer.columns, answer.rows, more) == (("day_number",), [(0,), (1,)], True)
    for statement in (
        "DELETE FROM mart_days",
        "DROP TABLE mart_days",
        "SELECT 1; SELECT 2",
        "CREATE TABLE x AS SELECT 1 AS a",
        "USE ROLE ACCOUNTADMIN",
        "COPY INTO @x FROM mart_days",
        "CALL f()",
        "SELEC 1",
    ):
        with pytest.raises(UsageError):
            ask(statement)
    with pytest.raises(UnknownChoiceError, match="mart_dayz") as caught:
        ask("SELECT * FROM mart_dayz")
    assert caught.value.known == ["mart_days", "mart_places", "weather_daily"]
    with pytest.raises(UsageError, match="the SQL cannot be run"):
        ask("SELECT nothing_such FROM mart_days")
    with pytest.raises(UsageError, match="one question cannot ask both"):
        ask("SELECT * FROM mart_days CROSS JOIN weather_daily")
    recorded = here.server.statements.read_text()
    assert "USE ROLE MIRRORLAKE_READER" in recorded
    assert "USE SECONDARY ROLES NONE" in recorded
    assert seen(here) == 3
