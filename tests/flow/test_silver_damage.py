"""Silver where a write is cut short or a file is damaged: what stood stays, and what is wrong can be put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from killed import Killed
from silver_world import SilverWorld, contract, row, values

from lake import layout, ledger, quarantine, writes
from lake.errors import DamagedError, StorageError


@pytest.fixture
def world(tmp_path: Path) -> SilverWorld:
    return SilverWorld(tmp_path / "lake")


@pytest.mark.parametrize("site", ["quarantine.rows", "silver.merge", "silver.ledger"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_write_the_next_call_ends_alike(tmp_path: Path, site: str, moment: str) -> None:
    undisturbed, killed = SilverWorld(tmp_path / "one"), SilverWorld(tmp_path / "two")
    for world in (undisturbed, killed):
        world.receive([row("a", 0, 1.0), row("a", 1, 500.0)])
        world.update()
        world.receive([row("a", 0, 2.0), row("a", 2, 600.0)], day=1)

    def die(when: str, where: str, path: str) -> None:
        if (when, where) == (moment, site):
            raise Killed

    stop = writes.observe(die)
    with pytest.raises(Killed):
        killed.update()
    stop()
    undisturbed.update()
    killed.update()
    for read in (SilverWorld.content, lambda world: quarantine.rows(world.objects, "readings").rows()):
        assert read(killed) == read(undisturbed)
    assert ledger.read(killed.objects, "readings") == ledger.read(undisturbed.objects, "readings")
    assert killed.table.version() == undisturbed.table.version()


def test_a_full_disk_changes_nothing(world: SilverWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    world.receive([row("a", 0, 2.0)], day=1)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("deltalake.write_deltalake", full)
        with pytest.raises(StorageError, match="the disk is full"):
            world.update()
    assert values(world) == {("a", 0): 1.0}
    assert world.update().updated == 1


def test_a_damaged_new_load_is_refused_and_comes_in_when_restored(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    damaged = world.receive([row("b", 0, 2.0)], day=1)
    world.receive([row("c", 0, 3.0)], day=2)
    page = Path(world.objects.url(layout.bronze_page(damaged.load, 0)))
    good = page.read_bytes()
    page.write_bytes(b"[]")
    result = world.update()
    assert "damaged" in result.refused_loads[damaged.load]
    assert str(page) in result.refused_loads[damaged.load]
    assert values(world) == {("a", 0): 1.0, ("c", 0): 3.0}
    assert damaged.load in world.update(code="another").refused_loads  # nothing of it stands: it stops nobody
    assert damaged.load in world.update(rebuild=True).refused_loads
    assert values(world) == {("a", 0): 1.0, ("c", 0): 3.0}
    page.write_bytes(good)
    world.update(again=[damaged.load])
    assert values(world)["b", 0] == 2.0


@pytest.mark.parametrize("ledger", ["there", "gone", "lagging"])
def test_what_stands_is_not_given_up_for_a_load_that_is_damaged_since(world: SilverWorld, ledger: str) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    before = world.objects.get(layout.silver_ledger("readings"))
    merged = world.receive([row("b", 0, 2.0)], day=1)
    world.update()
    if ledger == "gone":
        world.objects.delete([layout.silver_ledger("readings")], "test")
    if ledger == "lagging":
        world.objects.put(layout.silver_ledger("readings"), before, "test")
    Path(world.objects.url(layout.bronze_page(merged.load, 0))).write_bytes(b"[]")
    with pytest.raises(DamagedError, match="sha256"):
        world.update(code="another")
    assert values(world) == {("a", 0): 1.0, ("b", 0): 2.0}


def test_a_damaged_snapshot_of_one_slice_is_not_taken_away_by_a_new_one_of_another(tmp_path: Path) -> None:
    world = SilverWorld(tmp_path, contract(load="snapshot"))
    first = world.receive([row("a", 0, 1.0)], slice_key="one")
    world.update()
    Path(world.objects.url(layout.bronze_page(first.load, 0))).write_bytes(b"[]")
    world.receive([row("b", 0, 2.0)], slice_key="two")
    with pytest.raises(DamagedError, match="sha256"):
        world.update()
    assert values(world) == {("a", 0): 1.0}


def test_a_damaged_file_is_named_where_rows_are_counted(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    Path(world.table.files()[0]).write_bytes(b"PAR1 rubbish PAR1")
    with pytest.raises(DamagedError, match="cannot be read"):
        world.table.height()


@pytest.mark.parametrize("what", ["data file", "log", "ledger", "quarantine file", "quarantine log"])
def test_rebuild_puts_damage_right(world: SilverWorld, what: str) -> None:
    world.receive([row("a", 0, 1.0), row("a", 1, 500.0)])
    world.receive([row("a", 60, 2.0)], day=1)
    world.update()
    shall, rejected = world.content(), quarantine.rows(world.objects, "readings").rows()
    table = quarantine.table(world.objects, "readings") if "quarantine" in what else world.table
    log = Path(table.url) / "_delta_log" / f"{0:020d}.json"
    damaged = {"ledger": Path(world.objects.url(layout.silver_ledger("readings"))), "log": log, "quarantine log": log}
    damaged.get(what, Path(table.files()[0]) if "log" not in what else log).write_bytes(b"rubbish")
    world.receive([row("a", 0, 1.5), row("a", 1, 600.0)], day=0)
    with pytest.raises(DamagedError, match="rebuild --from bronze"):
        world.update()
    world.update(rebuild=True)
    assert world.content() == [(*shall[0][:2], 1.5, *shall[0][3:]), *shall[1:]]
    assert len(quarantine.rows(world.objects, "readings")) == len(rejected) + 1
    assert world.update(rebuild=True).unchanged
