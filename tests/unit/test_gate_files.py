"""The streaming gate gives what the gate in memory gives, and leaves nothing half-written."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from gate_support import column, contract, raw
from polars.testing import assert_frame_equal

from lake import writes
from lake.contract.model import Contract
from lake.errors import DamagedError, StorageError, TableError
from lake.gate import gate
from lake.gate.files import GatedFiles, gate_parquet

COLUMNS = [
    column("place", "string", required=True, source_field="id"),
    column("hour", "integer", required=True),
    column("degrees", "float", minimum=-50, maximum=60),
    column("warm", "float", maximum=10, severities=(("maximum", "warn"),)),
]


def made(**more: Any) -> Contract:
    return contract(COLUMNS, key=["place", "hour"], **more)


def rows(load: int) -> list[dict[str, object]]:
    """300 rows: some out of range, some of the wrong type, some keys doubled, an unknown column now and then."""
    return [
        {
            "id": None if number % 97 == 0 else f"p{number % 5}",
            "hour": number // 5 - (number % 41 == 3),
            "degrees": float("nan") if number % 83 == 1 else 100.0 if number % 61 == 2 else number / 10,
            "warm": number / 20,
            "new": load if number % 50 == 7 else None,
        }
        for number in range(300)
    ]


@pytest.fixture
def frames() -> list[pl.DataFrame]:
    return [raw(rows(1), "load=1"), raw(rows(2), "load=2", 2)]


def files(folder: Path, frames: list[pl.DataFrame]) -> list[Path]:
    paths = [folder / f"{number}.parquet" for number in range(len(frames))]
    for frame, path in zip(frames, paths, strict=True):
        frame.write_parquet(path, row_group_size=64)
    return paths


def judge(
    folder: Path, one: Contract, source: list[Path], **more: Any
) -> tuple[GatedFiles, pl.DataFrame, pl.DataFrame]:
    valid, rejected = folder / "out" / "valid.parquet", folder / "out" / "rejected.parquet"
    done = gate_parquet(one, source, valid, rejected, **more)
    assert sorted(path.name for path in valid.parent.iterdir()) == ["rejected.parquet", "valid.parquet"]
    return done, pl.read_parquet(valid), pl.read_parquet(rejected)


@pytest.mark.parametrize("policy", ["latest", "reject"])
@pytest.mark.parametrize("evolution", ["evolve", "freeze", "discard_row", "discard_value"])
@pytest.mark.parametrize("accept", [[], ["load=1"]])
def test_equal_to_the_gate_in_memory(
    tmp_path: Path, frames: list[pl.DataFrame], policy: Any, evolution: Any, accept: list[str]
) -> None:
    strict = made(on_duplicate=policy, evolution=evolution)
    done, valid, rejected = judge(tmp_path, strict, files(tmp_path, frames), accept=accept)
    wanted = gate(strict, pl.concat(frames), accept=accept)
    assert_frame_equal(valid, wanted.valid)
    assert_frame_equal(rejected, wanted.rejected)
    assert_frame_equal(done.counts, wanted.counts)
    assert_frame_equal(done.loads, wanted.loads)
    assert done.unknown_columns == wanted.unknown_columns == {"new": "1"}
    assert (done.rows_in, done.valid, done.rejected) == (600, valid.height, rejected.height)
    assert done.duplicates == wanted.duplicates
    if evolution != "freeze":
        assert wanted.valid.height > 400
        assert wanted.duplicates > 0 or policy == "reject"


def test_files_without_metadata_are_one_load_across_all_of_them(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    bare = [frame.drop("_run_date", "_load", "_payload", "_position") for frame in frames]
    done, valid, rejected = judge(tmp_path, made(), files(tmp_path, bare))
    assert valid.columns == ["place", "hour", "degrees", "warm", "_extra"]
    assert rejected.columns == ["rules", "reasons", "row"]
    assert done.loads["_payload"].to_list() == ["0.parquet"]
    assert done.duplicates > 200  # the second file repeats the keys of the first
    assert done.rows_in == 600 == done.valid + done.rejected + done.duplicates
    one = raw([row for load in (1, 2) for row in rows(load)])
    assert_frame_equal(valid, gate(made(), one).valid.select(valid.columns))


def test_a_refused_load_leaves_the_files_empty(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    bare = [frames[0].drop("_payload")]
    done, valid, rejected = judge(tmp_path, made(rejection_threshold=0.0), files(tmp_path, bare))
    assert done.loads["refused"].to_list() == [True]
    assert valid.is_empty()
    assert rejected.is_empty()
    assert (done.rows_in, done.valid, done.rejected, done.duplicates) == (300, 0, 0, 0)


def test_a_contract_without_key_or_rules(tmp_path: Path) -> None:
    source = files(tmp_path, [raw([{"a": True}, {"a": None}])])
    done, valid, rejected = judge(tmp_path, contract([column("a", "boolean")]), source)
    assert valid["a"].to_list() == [True, None]
    assert rejected.schema["rules"] == pl.List(pl.String)
    assert (done.valid, done.rejected) == (2, 0)


def test_both_outputs_are_commit_points(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    seen: list[tuple[str, str]] = []
    writes.observe(lambda moment, site, path: seen.append((moment, site)))
    judge(tmp_path, made(), files(tmp_path, frames))
    assert seen == [(when, site) for site in ("gate.valid", "gate.rejected") for when in ("before", "after")]


def test_a_killed_call_leaves_the_old_outputs(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    source = files(tmp_path, frames)
    _, before, _ = judge(tmp_path, made(), source[:1])

    def die(moment: str, site: str, path: str) -> None:
        raise KeyboardInterrupt

    writes.observe(die)
    with pytest.raises(KeyboardInterrupt):
        gate_parquet(made(), source, tmp_path / "out" / "valid.parquet", tmp_path / "out" / "rejected.parquet")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["rejected.parquet", "valid.parquet"]
    assert_frame_equal(pl.read_parquet(tmp_path / "out" / "valid.parquet"), before)


def test_files_that_differ_are_named(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    source = files(tmp_path, [frames[0], frames[1].with_columns(pl.col("hour").cast(pl.String))])
    with pytest.raises(TableError, match=r"1\.parquet and 0\.parquet differ in hour"):
        gate_parquet(made(), source, tmp_path / "v", tmp_path / "r")
    with pytest.raises(TableError, match="no file"):
        gate_parquet(made(), [], tmp_path / "v", tmp_path / "r")


def test_a_damaged_file_is_named(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    source = files(tmp_path, frames)
    data = bytearray(source[1].read_bytes())
    data[200:3000] = b"\xff" * 2800
    source[1].write_bytes(data)
    with pytest.raises(DamagedError) as caught:
        gate_parquet(made(), source, tmp_path / "v", tmp_path / "r")
    assert caught.value.where == str(source[1])
    source[0].write_text("no Parquet")
    with pytest.raises(DamagedError) as caught:
        gate_parquet(made(), source[:1], tmp_path / "v", tmp_path / "r")
    assert caught.value.where == str(source[0])
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    source = files(tmp_path, frames)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))  # writing stops as on a full disk
    try:
        with pytest.raises(StorageError, match="File too large"):
            gate_parquet(made(), source, tmp_path / "out" / "v", tmp_path / "out" / "r")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((tmp_path / "out").iterdir())


def test_a_missing_file_and_an_output_that_cannot_be_written(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    with pytest.raises(StorageError, match=r"gone\.parquet"):
        gate_parquet(made(), [tmp_path / "gone.parquet"], tmp_path / "v", tmp_path / "r")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        gate_parquet(made(), files(tmp_path, frames), tmp_path / "file" / "v", tmp_path / "r")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path, frames: list[pl.DataFrame]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StorageError):
        gate_parquet(made(), files(tmp_path, frames), closed / "v", closed / "r")


def test_timestamps_far_outside_are_rejected_not_a_crash(tmp_path: Path) -> None:
    """Polars panics when it writes such a moment out."""
    far = pl.Series("seen_at", [2**62, -(2**62), 0], pl.Int64).cast(pl.Datetime("ms"))
    days = pl.Series("sold_date", [2**30, -(2**30), 0], pl.Int32).cast(pl.Date)
    source = files(tmp_path, [pl.DataFrame([far, days, days.alias("unknown")])])
    columns = [column("seen_at", "timestamp"), column("sold_date", "date")]
    _, valid, rejected = judge(tmp_path, contract(columns), source)
    assert valid.height == 1
    assert rejected["rules"].to_list() == [["seen_at.type", "sold_date.type"]] * 2
    assert str(2**62) in rejected["row"][0]
