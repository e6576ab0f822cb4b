"""`mirrorlake record`, against a server on the loopback, and the recordings that it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loopback_server import LoopbackServer, Reply, day_body

from lake.errors import StorageError, UsageError
from lake.writes import observe
from pipeline.places import resolve
from pipeline.recording import date_range
from pipeline.settings import load_settings
from pipeline.sources.openmeteo import OpenMeteo
from pipeline.sources.recordings import write_atomically

RunCli = Callable[..., Any]


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "samples"
    monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(folder))
    return folder / "openmeteo"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    with LoopbackServer(lambda parameters: Reply(body=day_body(parameters))).running() as server:
        monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_ARCHIVE_URL", f"{server.url}/v1/archive")
        monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_FORECAST_URL", f"{server.url}/v1/forecast")
        monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_ATTEMPTS", "1")
        yield server


def files(samples: Path) -> list[str]:
    return sorted(path.relative_to(samples).as_posix() for path in samples.rglob("*") if path.is_file())


def test_what_was_recorded_answers_offline(run_cli: RunCli, samples: Path, api: LoopbackServer) -> None:
    done = run_cli("record", "--location", "Boston", "--from", "2024-01-01", "--to", "2024-01-03")
    assert done.exit_code == 0, done.text
    assert "Boston, MA, US: 42.358, -71.060 -> boston_us_ma" in done.out
    assert "3 new, 0 unchanged, 0 replaced, 0 failed" in done.out
    assert files(samples) == [
        *(f"archive/boston_us_ma/2024-01-0{day}.json" for day in (1, 2, 3)),
        "locations.json",
    ]
    offline = OpenMeteo(load_settings())
    place = resolve("boston", offline.recorded_places)
    assert (place.recorded_as, place.time_zone, place.country_code) == ("boston_us_ma", "America/New_York", "US")
    payload = offline.fetch(offline.plan([date(2024, 1, 2)], [place])[0])
    assert (payload.origin, payload.records) == ("recorded", 24)
    assert len(api.asked) == 3


def test_again_is_unchanged_though_the_api_took_another_time(
    run_cli: RunCli, samples: Path, api: LoopbackServer
) -> None:
    command = ("record", "--location", "Boston", "--from", "2024-01-01")
    run_cli(*command)
    before = {name: (samples / name).read_bytes() for name in files(samples)}
    assert "0 new, 1 unchanged, 0 replaced" in run_cli(*command).out
    assert {name: (samples / name).read_bytes() for name in files(samples)} == before


def test_a_differing_recording_is_kept_unless_replace_is_said(
    run_cli: RunCli, samples: Path, api: LoopbackServer
) -> None:
    command = ("record", "--location", "Boston", "--from", "2024-01-01", "--to", "2024-01-02")
    run_cli(*command)
    path = samples / "archive/boston_us_ma/2024-01-01.json"
    path.write_bytes(b"what was here before")
    refused = run_cli(*command)
    assert refused.exit_code == 1
    assert "is recorded already, and differs" in refused.err
    assert "--replace" in refused.err
    assert "1 unchanged" in refused.out
    assert path.read_bytes() == b"what was here before"
    assert "1 unchanged, 1 replaced, 0 failed" in run_cli(*command, "--replace").out
    assert json.loads(path.read_bytes())["elevation"] == 38.0


def test_other_places_stay_listed(run_cli: RunCli, samples: Path, api: LoopbackServer) -> None:
    for name in ("Boston", "München"):
        assert run_cli("record", "--location", name, "--from", "2024-01-01").exit_code == 0
    places = OpenMeteo(load_settings()).recorded_places
    assert [place.id for place in places] == ["boston_us_ma", "munich_de"]
    assert [resolve(name, places).location_id for name in ("munich", "Munich, DE")] == ["munich_de", "munich_de"]


def test_forecasts_are_kept_with_their_hour_of_issue(run_cli: RunCli, samples: Path, api: LoopbackServer) -> None:
    done = run_cli("record", "--location", "Boston", "--forecast")
    now = datetime.now(UTC)
    assert done.exit_code == 0, done.text
    hours = {f"{moment:%Y-%m-%d}T{moment:%H}Z.json" for moment in (now, now - timedelta(minutes=2))}
    (name,) = [name for name in files(samples) if name.startswith("forecast/")]
    assert name.rsplit("/", 1)[1] in hours
    assert {sent["path"] for sent in api.asked} == {"/v1/forecast"}


def test_failures_are_told_and_the_rest_is_kept(run_cli: RunCli, samples: Path, api: LoopbackServer) -> None:
    def answer(parameters: Mapping[str, str]) -> Reply:
        day = int(parameters["start_date"][-2:])
        return Reply(400, b'{"error":true,"reason":"no such day"}') if day % 2 else Reply(body=day_body(parameters))

    api.answer = answer
    done = run_cli("record", "--location", "Boston", "--from", "2024-01-01", "--to", "2024-01-14")
    assert done.exit_code == 1
    assert "7 new, 0 unchanged, 0 replaced, 7 failed" in done.out
    assert "7 answers were not recorded" in done.err
    assert "no such day" in done.err
    assert "and 2 more" in done.err
    assert len([name for name in files(samples) if name.startswith("archive/")]) == 7


def test_nothing_is_listed_when_nothing_came(run_cli: RunCli, samples: Path, api: LoopbackServer) -> None:
    api.answer = lambda _: Reply(body=b"<html>portal</html>")
    done = run_cli("record", "--location", "Boston", "--from", "2024-01-01")
    assert done.exit_code == 1
    assert "HTML" in done.err
    assert files(samples) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "2024-01-01"), "--location"),
        (("--location", "Boston"), "no date is given"),
        (("--location", "Boston", "--from", "1.1.2024"), "'1.1.2024' is not a date"),
        (("--location", "Boston", "--from", "2024-01-02", "--to", "2024-01-01"), "lies before"),
        (("--location", "../../etc", "--from", "2024-01-01"), "this one has '//'"),
        (("--location", "Springfield", "--from", "2024-01-01"), "may be one of"),
    ],
)
def test_wrong_arguments_ask_nobody(
    run_cli: RunCli, samples: Path, api: LoopbackServer, arguments: tuple[str, ...], words: str
) -> None:
    done = run_cli("record", *arguments)
    assert done.exit_code == 2
    assert words in done.err
    assert (api.asked, files(samples)) == ([], [])


def test_a_range_of_dates_has_both_ends() -> None:
    assert date_range("2024-02-28", "2024-03-01") == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert date_range("2024-02-28", None) == [date(2024, 2, 28)]
    assert date_range(None, None, today_if_missing=True) == [datetime.now(UTC).date()]
    with pytest.raises(UsageError):
        date_range(None, "2024-01-01")


def test_a_write_that_fails_leaves_what_was(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(b"before")

    def die(moment: str, site: str, where: str) -> None:
        raise RuntimeError(f"killed {moment} {site}")

    stop = observe(die)
    with pytest.raises(RuntimeError, match=r"killed before record\.payload"):
        write_atomically(path, b"after", "record.payload")
    stop()
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("kept.json", b"before")]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "below.json", b"x", "record.payload")
