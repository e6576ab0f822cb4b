"""Every messy file and every hostile body as an answer of the source: refused or in quarantine, and no row is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.drill.content import broken_promises

if TYPE_CHECKING:
    from tests.conftest import RunCli

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "openmeteo"
START = date(2013, 3, 1)
TO_GOLD = ("--job", "ingest", "--job", "silver", "--job", "gold")
Body = dict[str, Any]


class World:
    """Recordings: for each body one day on which JFK answers with it, and LGA as it really did."""

    def __init__(self, folder: Path, bodies: dict[str, bytes]) -> None:
        self.samples = folder / "openmeteo"
        self.days = {name: START + timedelta(days=number) for number, name in enumerate(bodies)}
        told = START.isoformat().encode()
        self.bodies = {name: body.replace(told, str(self.days[name]).encode()) for name, body in bodies.items()}
        for place in ("jfk", "lga"):
            (self.samples / "archive" / place).mkdir(parents=True)
        shutil.copy2(SAMPLES / "locations.json", self.samples)
        for name, day in self.days.items():
            (self.samples / "archive" / "jfk" / f"{day}.json").write_bytes(self.bodies[name])
            shutil.copy2(SAMPLES / "archive" / "lga" / f"{day}.json", self.samples / "archive" / "lga")

    def run(self, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
        """One run over all of it, to gold: exit code 1, everything that was left out is named in our words."""
        monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(self.samples.parent))
        days = ("--from", str(START), "--to", str(max(self.days.values())))
        ran = run_cli("run", *days, "--location", "JFK", "--location", "LGA", *TO_GOLD, "--json")
        assert ran.exit_code == 1, ran.text
        assert "Traceback" not in ran.text
        assert "\x1b" not in ran.text
        self.problems = [problem for stage in json.loads(ran.out)["stages"] for problem in stage["problems"]]
        assert max(map(len, self.problems)) < 600

    def fate(self, data: Path, name: str) -> str:
        """What became of a body: ``refused`` with its bytes kept, or what the ledger says of its load."""
        lake, day = data / "lake", self.days[name]
        kept = list(lake.glob(f"_refused/*/*/run_date={day}/slice=jfk/*/raw.json"))
        loads = list(lake.glob(f"bronze/*/*/run_date={day}/slice=jfk/load=1/raw.json"))
        assert len(kept) + len(loads) <= 1, name
        if kept:
            assert kept[0].read_bytes() == self.bodies[name], name
            assert json.loads((kept[0].parent / "reason.json").read_bytes())["reason"], name
            return "refused"
        if not loads:
            return "nothing kept"
        assert loads[0].read_bytes() == self.bodies[name], name
        ledger = json.loads((lake / "_state/silver/weather_observations.json").read_bytes())["loads"]
        record = ledger[loads[0].parent.relative_to(lake).as_posix()]
        return f"{record['status']} {record.get('rows_in', 0)} in, {record.get('valid', 0)} valid"

    def check_rest(self, data: Path) -> None:
        """The neighbours' rows are all there, and nothing was lost of what came in."""
        assert broken_promises(data) == []
        silver = pl.read_delta(str(data / "lake/silver/weather_observations"))
        there = silver.filter(pl.col("location_id") == "lga").height
        real = [json.loads((self.samples / "archive/lga" / f"{day}.json").read_bytes()) for day in self.days.values()]
        assert there == sum(len(body["hourly"]["time"]) for body in real)
        for column in silver.select(pl.selectors.float()).iter_columns():
            assert column.drop_nulls().is_finite().all(), column.name


def real_body(day: date = START) -> Body:
    body: Body = json.loads((SAMPLES / "archive" / "jfk" / f"{day}.json").read_bytes())
    return body


def test_messy_files_and_bodies_as_payloads(
    shared_data: Path, tmp_path: Path, project: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted([*shared_data.glob("messy/*.csv"), *shared_data.glob("openmeteo/**/*.*")])
    world = World(tmp_path / "samples", {path.name: path.read_bytes() for path in files})
    assert len(world.bodies) >= 14

    world.run(run_cli, monkeypatch)

    fates = {name: world.fate(project, name) for name in world.bodies}
    assert set(fates.values()) == {"refused"}, fates
    assert len(world.problems) == len(files)
    for day in world.days.values():
        assert any(problem.startswith(f"archive jfk {day}: ") for problem in world.problems), day
    world.check_rest(project)


def changed(change: Callable[[Body], object]) -> bytes:
    body = real_body()
    change(body)
    return json.dumps(body).encode()


def hourly(field: str, values: Callable[[list[Any]], list[Any]], unit: str | None = None) -> bytes:
    """The real body with one field made of the temperature's values."""

    def change(body: Body) -> None:
        body["hourly"][field] = values(list(body["hourly"].get(field, body["hourly"]["temperature_2m"])))
        if unit is not None:
            body["hourly_units"][field] = unit

    return changed(change)


def raw(old: str, new: str) -> bytes:
    text = json.dumps(real_body(), separators=(",", ":"))
    assert old in text
    return text.replace(old, new, 1).encode()


def first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [value, *values[1:]]


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\t ",
    "nul": b"\x00" * 100,
    "null": b"null",
    "number": b"1",
    "list": b"[{}]",
    "html": b"<!doctype html><html>502</html>",
    "not utf-8": b'{"hourly": "\xff\xfe"}',
    "utf-16": json.dumps(real_body()).encode("utf-16"),
    "deep lists": b'{"hourly":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep, within the parser's own limit": b'{"hourly":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    "NaN": raw('"temperature_2m":[', '"temperature_2m":[NaN,').replace(b"NaN,", b"NaN,", 1),
    "Infinity": raw('"elevation":4.0', '"elevation":Infinity'),
    "truncated": json.dumps(real_body()).encode()[:-300],
    "doubled key": raw('"latitude":', '"hourly":{},"latitude":'),
    "doubled key, escaped": raw('"latitude":', '"hourl\\u0079":{},"latitude":'),
    "doubled field": raw('"temperature_2m":[', '"temperature_2m":[],"temperature_2m":['),
    "error with status 200": b'{"error":true,"reason":"no"}',
    "error that is no text": b'{"error":true,"reason":{"a":[1,2,{"b":"\\u0000"}]}}',
    "hourly is a list": changed(lambda body: body.update(hourly=[1])),
    "no units": changed(lambda body: body.pop("hourly_units")),
    "units are a list": changed(lambda body: body.update(hourly_units=[])),
    "unknown unit": hourly("temperature_2m", list, unit="K\u202e"),
    "unit is an object": changed(lambda body: body["hourly_units"].update(temperature_2m={"a": 1})),
    "offset is huge": changed(lambda body: body.update(utc_offset_seconds=10**30)),
    "offset is true": changed(lambda body: body.update(utc_offset_seconds=True)),
    "another day": changed(lambda body: body["hourly"].update(time=[f"2013-02-01T{n:02}:00" for n in range(24)])),
    "another place": changed(lambda body: body.update(latitude=-40.0)),
    "place is text": changed(lambda body: body.update(latitude="'; DROP TABLE x; --", longitude=[1])),
    "place is too large": changed(lambda body: body.update(latitude=10**400)),
    "elevation is an object": changed(lambda body: body.update(elevation={"a": 1})),
    "field of ours": hourly("location_id", list),
    "metadata field of ours": hourly("_payload", list),
    "uneven columns": hourly("temperature_2m", lambda values: values[:-1]),
    "column is an object": changed(lambda body: body["hourly"].update(temperature_2m={"0": 1})),
    "no hours": changed(lambda body: body.update(hourly={name: [] for name in body["hourly"]})),
    "texts among numbers": hourly("temperature_2m", first("warm")),
    "true among numbers": hourly("temperature_2m", first(True)),
    "objects among numbers": hourly("temperature_2m", first({"a": [1, {"b": None}]})),
    "lists among numbers": hourly("temperature_2m", first([[[]]])),
    "all texts": hourly("temperature_2m", lambda values: [str(value) for value in values]),
    "all objects": hourly("temperature_2m", lambda values: [{"a": value} for value in values]),
    "large integers": hourly("temperature_2m", first(2**64)),
    "larger integers": hourly("temperature_2m", first(10**300)),
    "largest floats": hourly("temperature_2m", first(1.7e308)),
    "beyond floats": raw('"temperature_2m":[', '"temperature_2m":[1e400,').replace(b"1e400,", b"1e400,"),
    "times are numbers": hourly("time", lambda values: list(range(len(values)))),
    "times are null": hourly("time", lambda values: [None for _ in values]),
    "times are one": hourly("time", lambda values: [values[0] for _ in values]),
    "times are far": hourly("time", lambda values: [f"{9976 + n}-01-01T00:00" for n in range(len(values))]),
    "times are old": hourly("time", first("0001-01-01T00:00")),
    "times with a zone": hourly("time", lambda values: [f"{value}+25:00" for value in values]),
    "times are no days": hourly("time", first("2013-02-30T00:00")),
    "epochs beyond years": changed(
        lambda body: (
            body["hourly_units"].update(time="unixtime"),
            body["hourly"].update(time=[10**18 for _ in body["hourly"]["time"]]),
        )
    ),
    "long text": hourly("temperature_2m", first("x" * 10_000_000)),
    "long field": hourly("x" * 100_000, list),
    "many fields": changed(lambda body: body["hourly"].update({f"f{n}": body["hourly"]["time"] for n in range(3_000)})),
    "field climbs": hourly("../../etc/passwd", list),
    "field is SQL": hourly('"; DROP TABLE x; --', list),
    "field is empty": hourly("", list),
    "field is a gate's": hourly("observed_at", list),
    "field turns direction": hourly("\u202etemp\u0000\u200b", list),
    "text turns direction": hourly("note", lambda values: ["\u202e\u0000\x1b[31mred\u200f" for _ in values]),
    "text of lone surrogates": raw('"latitude":', '"note":"\\ud800","latitude":'),
    "field value of lone surrogates": raw('"temperature_2m":[', '"note":["\\udfff"],"temperature_2m":['),
    "minus zero": hourly("precipitation", first(-0.0)),
}  # fmt: skip
TOO_LARGE = b'{"hourly":"' + b"x" * 17_000_000 + b'"}'
LANDS = {
    "texts among numbers", "true among numbers", "objects among numbers", "lists among numbers", "large integers",
    "larger integers", "largest floats", "times are old", "times are no days", "long text",
    "elevation is an object", "minus zero",
}  # fmt: skip


def test_hostile_bodies_as_payloads(
    tmp_path: Path, project: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path / "samples", {**HOSTILE, "too large": TOO_LARGE})

    world.run(run_cli, monkeypatch)

    fates = {name: world.fate(project, name) for name in world.bodies}

    assert {name for name, fate in fates.items() if fate == "nothing kept"} == {"too large"}
    for name in LANDS:
        assert fates[name].startswith("merged 24 in, 23") or fates[name].startswith("merged 24 in, 24"), (name, fates)
    for name, day in world.days.items():
        named = any(str(day) in problem for problem in world.problems)
        assert named == (not fates[name].startswith("merged")), (name, fates[name])
    assert not any("\u202e" in problem for problem in world.problems)
    world.check_rest(project)


def test_what_hostile_bodies_left_can_be_shown_and_asked(
    tmp_path: Path, project: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("texts among numbers", "field is SQL", "text turns direction", "html", "times are null", "long text")
    world = World(tmp_path / "samples", {name: HOSTILE[name] for name in names})
    world.run(run_cli, monkeypatch)

    for arguments in (
        ("quarantine", "show"),
        ("quarantine", "show", "--json"),
        ("show", "weather_observations"),
        ("sql", "select * from weather_observations limit 3"),
        ("status",),
        ("runs",),
    ):
        told = run_cli(*arguments)
        assert told.exit_code == 0, (arguments, told.text)
        assert "Traceback" not in told.text
        assert "\x1b" not in told.out
