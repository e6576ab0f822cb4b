"""Settings: who wins, what is refused and how it is said."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from lake.errors import ConfigError, MirrorlakeError, UnknownChoiceError
from pipeline.settings import Settings, load_settings, project_root, settings_at_work
from pipeline.settings.values import leaves

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with a nearly empty dev profile."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "dev.toml").write_text('# a comment\n[gold]\nengine = "polars"\n')
    (profiles / "other.toml").write_text("")
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(tmp_path))
    monkeypatch.delenv("MIRRORLAKE_DOTENV")
    return tmp_path


def write_dev(root: Path, text: str) -> None:
    (root / "profiles" / "dev.toml").write_text(text)


def refused(env: str | None = None, **arguments: object) -> MirrorlakeError:
    with pytest.raises(MirrorlakeError) as caught:
        load_settings(env, **arguments)  # type: ignore[arg-type]
    return caught.value


def test_defaults_are_typed_and_frozen(root: Path) -> None:
    settings = load_settings()
    assert settings.env == "dev"
    assert settings.data == root / "data" / "dev"
    assert settings.lake.root == str(root / "data" / "dev" / "lake")
    assert settings.warehouse.path == root / "data/dev/warehouse/warehouse.duckdb"
    assert settings.run.locations == ("JFK", "LGA", "EWR")
    with pytest.raises(FrozenInstanceError):
        settings.env = "prod"  # type: ignore[misc]


def test_each_layer_wins_over_the_one_before(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def engine_and_origin(**arguments: object) -> tuple[str, str]:
        settings = load_settings(**arguments)  # type: ignore[arg-type]
        return settings.gold.engine, settings.origins["gold.engine"][1]

    write_dev(root, "")
    assert engine_and_origin() == ("polars", "built-in default")
    write_dev(root, '\n[gold]\nengine = "duckdb"')
    assert engine_and_origin() == ("duckdb", "profiles/dev.toml:3")
    config = root / "my.toml"
    config.write_text('gold.engine = "polars"')
    assert engine_and_origin(config=config) == ("polars", f"{config}:1")
    (root / ".env").write_text("export MIRRORLAKE_GOLD_ENGINE='duckdb' # why\n")
    assert engine_and_origin(config=config) == ("duckdb", ".env MIRRORLAKE_GOLD_ENGINE")
    monkeypatch.setenv("MIRRORLAKE_GOLD_ENGINE", "polars")
    assert engine_and_origin(config=config) == ("polars", "environment MIRRORLAKE_GOLD_ENGINE")
    assert engine_and_origin(config=config, overrides={"gold.engine": "duckdb"}) == ("duckdb", "command line")


def test_the_environment_is_chosen_by_option_then_variable_then_dotenv(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".env").write_text("LAKE_ENV=other\n")
    assert load_settings().env == "other"
    monkeypatch.setenv("LAKE_ENV", "dev")
    assert load_settings().env == "dev"
    assert load_settings("other").env == "other"


def test_what_belongs_to_one_environment_stands_in_a_file_of_its_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".env").write_text("MIRRORLAKE_GOLD_ENGINE=duckdb\nMIRRORLAKE_LAKE_ROOT=s3://ours/{env}\n")
    (root / ".env.other").write_text("MIRRORLAKE_LAKE_ROOT=s3://others/lake\n")
    here, other = load_settings(), load_settings("other")
    assert (here.lake.root, other.lake.root) == ("s3://ours/dev", "s3://others/lake")
    assert (here.gold.engine, other.gold.engine) == ("duckdb", "duckdb")
    assert other.origins["lake.root"][1] == ".env.other MIRRORLAKE_LAKE_ROOT"
    monkeypatch.setenv("MIRRORLAKE_LAKE_ROOT", "s3://shell/lake")
    assert load_settings("other").lake.root == "s3://shell/lake"
    monkeypatch.setenv("MIRRORLAKE_DOTENV", "")
    assert load_settings("other").gold.engine == "polars"


def test_an_unknown_environment_lists_the_known_ones(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ENV", "production")
    error = refused()
    assert isinstance(error, UnknownChoiceError)
    assert "'production'" in error.what
    assert error.where == "environment LAKE_ENV"
    assert error.fix == "choose one of: dev, other"


@pytest.mark.parametrize("name", ["../dev", "dev.toml", "", "DEV", "dev/../dev"])
def test_a_hostile_environment_name_reads_no_file(root: Path, name: str) -> None:
    if name == "":
        assert load_settings(name).env == "dev"
    else:
        assert isinstance(refused(name), UnknownChoiceError)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[gold]\n\nengin = "polars"', 3, ["'engin'", "[gold]", "known are: engine"]),
        ("\n[golden]\nx = 1", 2, ["'golden'", "gold"]),
        ("colour = 1", 1, ["'colour'", "known are: data, samples, lake"]),
        ("[sources.openmeteo]\nparalel = 1", 2, ["'paralel'", "[sources.openmeteo]", "parallel"]),
        ("[sources]\nhubspot = 1", 2, ["'hubspot'", "known are: openmeteo"]),
        ('[gold]\nengine = "sparc"', 2, ["'sparc'", "polars", "duckdb", "spark"]),
        ('[staging]\nbackend = "mysql"', 2, ["staging.backend", "'mysql'", "postgres"]),
        ('[publish]\nkeep = "2"', 2, ["publish.keep", "a whole number"]),
        ("[publish]\nkeep = 2.0", 2, ["publish.keep", "a whole number"]),
        ("[publish]\nkeep = true", 2, ["publish.keep", "a whole number"]),
        ("[publish]\nkeep = 1", 2, ["publish.keep", "at least 2"]),
        ("[sources.openmeteo]\nlive = 1", 2, ["sources.openmeteo.live", "true or false"]),
        ("[sources.openmeteo]\ntimeout_seconds = nan", 2, ["timeout_seconds", "at least 0.1"]),
        ('[sources.openmeteo]\narchive_url = "ftp://x"', 2, ["archive_url", "https://"]),
        ('[run]\nfirst_date = "2013-07-01"', 2, ["run.first_date", "a date like 2013-07-01"]),
        ("[run]\nfirst_date = 2013-07-01T00:00:00", 2, ["run.first_date", "a date like"]),
        ('[run]\nlocations = "JFK"', 2, ["run.locations", "a list of texts"]),
        ("[run]\nlocations = [1]", 2, ["run.locations", "a list of texts"]),
        ("gold = 1", 1, ["'gold'"]),
        ("data = 1", 1, ["data", "a local path"]),
        ("[gold\nx", 1, ["not valid TOML"]),
    ],
)
def test_what_is_wrong_in_a_profile_is_named_with_its_line(root: Path, text: str, line: int, words: list[str]) -> None:
    write_dev(root, text)
    error = refused()
    assert error.where == f"profiles/dev.toml:{line}"
    for word in words:
        assert word in str(error)


def test_a_config_file_is_held_to_the_same_rules(root: Path) -> None:
    config = root / "my.toml"
    config.write_text("[gold]\nspeed = 1\n")
    assert refused(config=config).where == f"{config}:2"
    assert refused(config=root / "absent.toml").what == "cannot read the settings file: No such file or directory"
    config.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refused(config=config).what


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MIRRORLAKE_GOLD_ENGIN", "duckdb", ["MIRRORLAKE_GOLD_ENGIN", "MIRRORLAKE_GOLD_ENGINE"]),
        ("MIRRORLAKE_GOLD_ENGINE", "sparc", ["'sparc'", "choose one of: duckdb, polars, spark"]),
        ("MIRRORLAKE_PUBLISH_KEEP", "two", ["'two'", "a whole number"]),
        ("MIRRORLAKE_SOURCES_OPENMETEO_LIVE", "maybe", ["'maybe'", "true or false"]),
        ("MIRRORLAKE_SOURCES_OPENMETEO_TIMEOUT_SECONDS", "inf", ["'inf'", "a number"]),
        ("MIRRORLAKE_RUN_LAST_DATE", "2013-02-30", ["'2013-02-30'", "a date like"]),
        ("MIRRORLAKE_RUN_LAST_DATE", "2012-01-01", ["run.last_date stands alone", "set run.first_date too"]),
        ("MIRRORLAKE_DATA", "{home}/x", ["{home}", "{env}"]),
        ("MIRRORLAKE_WAREHOUSE_PATH", "s3://bucket/x", ["s3://bucket/x", "a local path"]),
        ("MIRRORLAKE_STAGING_URL", "secret:not well formed", ["not well formed", "secret:NAME"]),
    ],
)
def test_what_is_wrong_in_a_variable_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    error = refused()
    for word in words:
        assert word in str(error)
    if "secret" not in value:
        assert error.where is not None
        assert "environment" in error.where


def test_dates_out_of_order_are_refused(root: Path) -> None:
    write_dev(root, "[run]\nfirst_date = 2013-07-02\nlast_date = 2013-07-01\n")
    error = refused()
    assert "run.last_date 2013-07-01 lies before run.first_date 2013-07-02" in error.what
    assert error.where == "profiles/dev.toml:3"


def test_a_profile_without_dates_means_the_newest_day_that_its_sources_have(root: Path) -> None:
    today = date(2026, 3, 4)
    assert load_settings().run.dates(today) == (date(2026, 3, 3), date(2026, 3, 3))
    write_dev(root, "[run]\ndays_behind = 6\n")
    assert load_settings().run.dates(today) == (date(2026, 2, 26), date(2026, 2, 26))
    write_dev(root, "[run]\nfirst_date = 2013-07-01\nlast_date = 2013-07-02\n")
    assert load_settings().run.dates(today) == (date(2013, 7, 1), date(2013, 7, 2))


def test_values_of_variables_are_parsed_by_type(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_RUN_LOCATIONS", " JFK, New York ,")
    monkeypatch.setenv("MIRRORLAKE_RUN_FIRST_DATE", "2013-12-29")
    monkeypatch.setenv("MIRRORLAKE_RUN_LAST_DATE", "2013-12-30")
    monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_LIVE", "True")
    monkeypatch.setenv("MIRRORLAKE_LEASE_TTL_SECONDS", "2.5")
    monkeypatch.setenv("MIRRORLAKE_ALERTS_COMMAND", "")
    monkeypatch.setenv("MIRRORLAKE_LAKE_ROOT", "s3://bucket/{env}")
    settings = load_settings()
    assert settings.run.locations == ("JFK", "New York")
    assert settings.run.last_date == date(2013, 12, 30)
    assert settings.sources.openmeteo.live is True
    assert settings.lease.ttl_seconds == 2.5
    assert settings.alerts.command is None
    assert settings.lake.root == "s3://bucket/dev"


def test_all_places_follow_the_data_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_DATA", "/elsewhere/{env}")
    settings = load_settings()
    assert settings.staging.folder == Path("/elsewhere/dev/staging")
    assert settings.lake.root == "/elsewhere/dev/lake"


def test_unknown_override_is_refused(root: Path) -> None:
    assert "unknown key 'engines'" in refused(overrides={"gold.engines": "x"}).what


def test_a_broken_line_of_dotenv_is_named(root: Path) -> None:
    (root / ".env").write_text("MIRRORLAKE_GOLD_ENGINE=duckdb\n'no variable\n")
    assert refused().where == ".env:2"


@pytest.mark.parametrize("name", [".env", ".env.dev"])
def test_a_dotenv_that_is_no_text_is_named(root: Path, name: str) -> None:
    (root / name).write_bytes("# caf\xe9\n".encode("latin-1"))
    assert str(refused()).startswith(f"not UTF-8\n  where: {name}\n")
    (root / name).unlink()
    (root / name).mkdir()
    assert str(refused()).startswith(f"a folder, not a file of variables\n  where: {name}\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nope.env", ["'nope.env': there is no such file", "unset MIRRORLAKE_DOTENV"]),
        ("profiles/dev.toml/x", ["there is no such file"]),
        ("data/rehearsal/standins.env", ["'data/rehearsal/standins.env'", "are not up", "just rehearse --keep"]),
    ],
)
def test_a_dotenv_that_was_named_must_be_there(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: list[str]
) -> None:
    monkeypatch.setenv("MIRRORLAKE_DOTENV", name)
    error = refused()
    assert error.where == "environment MIRRORLAKE_DOTENV"
    for word in words:
        assert word in str(error)
    (root / "mine.env").write_text("MIRRORLAKE_GOLD_ENGINE=duckdb\n")
    monkeypatch.setenv("MIRRORLAKE_DOTENV", "mine.env")
    assert load_settings().gold.engine == "duckdb"  # and mine.env.dev need not be there


def test_a_secret_may_not_stand_in_a_file(root: Path) -> None:
    write_dev(root, '[staging]\nurl = "postgresql://lake:hunter22@db/x"\n')
    error = refused()
    assert "MIRRORLAKE_STAGING_URL" in str(error)
    assert "hunter22" not in str(error)
    write_dev(root, '[staging]\nurl = "postgresql://db/x"\n[snowflake]\ntoken = "secret:prod/token"\n')
    settings = load_settings()
    assert settings.staging.url is not None
    assert settings.staging.url.reveal() == "postgresql://db/x"
    assert settings.origins["snowflake.token"][0] == "secret:prod/token"


def test_origins_name_every_setting_and_mask_secrets(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", "postgresql://lake:hunter22@db:5432/x")
    settings = load_settings()
    assert set(settings.origins) == set(leaves(Settings))
    assert settings.origins["staging.url"][0] == "postgresql://lake:****@db:5432/x"
    assert "hunter22" not in repr(settings)


def write_standins(root: Path, text: str) -> None:
    (root / "profiles" / "rehearsal.toml").write_text("")
    data = root / "data" / "rehearsal"
    data.mkdir(parents=True)
    (data / "standins.env").write_text(text)


def test_the_stand_ins_say_where_they_are_while_they_are_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_standins(root, "MIRRORLAKE_S3_ENDPOINT=http://127.0.0.1:7777\nMIRRORLAKE_S3_REGION=us-east-1\n")
    settings = load_settings("rehearsal")
    assert settings.origins["s3.endpoint"] == ("http://127.0.0.1:7777", "standins.env MIRRORLAKE_S3_ENDPOINT")
    settings.require_supported()
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", "http://127.0.0.1:8888")
    assert load_settings("rehearsal").s3.endpoint == "http://127.0.0.1:8888"
    assert load_settings("dev").s3.region == "eu-central-1", "they are the rehearsal's alone"


def test_the_data_folder_of_the_stand_ins_may_be_moved(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_standins(root, "MIRRORLAKE_S3_ENDPOINT=http://127.0.0.1:7777\n")
    (root / "data").rename(root / "elsewhere")
    assert load_settings("rehearsal").s3.endpoint is None
    monkeypatch.setenv("MIRRORLAKE_DATA", "elsewhere/{env}")
    assert load_settings("rehearsal").s3.endpoint == "http://127.0.0.1:7777"


def test_without_stand_ins_a_rehearsal_says_how_to_start_them(root: Path) -> None:
    (root / "profiles" / "rehearsal.toml").write_text('[staging]\nbackend = "postgres"\n')
    with pytest.raises(ConfigError, match="the stand-ins are not up") as caught:
        settings_at_work("rehearsal")
    assert caught.value.fix == "start them: just rehearse --keep"


def test_a_place_that_nothing_names_stays_unnamed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().lake.mirror is None
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", "mirror")
    assert load_settings().lake.mirror == str(root / "mirror")
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", "")
    assert load_settings().lake.mirror is None


@pytest.mark.parametrize(
    ("one", "other"), [("ACCESS_KEY_ID", "secret_access_key"), ("SECRET_ACCESS_KEY", "access_key_id")]
)
def test_half_a_key_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str) -> None:
    monkeypatch.setenv(f"MIRRORLAKE_S3_{one}", "AKIAEXAMPLE")
    with pytest.raises(ConfigError, match=f"not set: s3.{other}"):
        load_settings().require_supported()


def test_postgres_needs_its_url(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_STAGING_BACKEND", "postgres")
    with pytest.raises(ConfigError, match=r"not set: staging\.url"):
        load_settings().require_supported()
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", "postgresql://127.0.0.1/x")
    load_settings().require_supported()


def test_the_project_is_found_from_below_it_and_from_the_package(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("MIRRORLAKE_ROOT")
    below = root / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert project_root() == root
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert project_root() == REPOSITORY


def test_a_root_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(tmp_path))
    assert "MIRRORLAKE_ROOT" in str(refused().where)


def test_without_any_project_the_error_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pipeline.settings import loading

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "__file__", str(tmp_path / "loading.py"))
    assert "MIRRORLAKE_ROOT" in str(refused())


def test_only_settings_reads_the_environment() -> None:
    # A process may be told what its library wants to find there.
    writing = r"os\.environ(\.update\(|\[[^\]]+\] = )"
    # Handed on whole (**) to a process of ours, it is not read either.
    reading = re.compile(rf"(?<!\*\*)(?!{writing})os\.(environ|getenv)|from os import.*environ")
    found = {
        str(path.relative_to(REPOSITORY))
        for package in ("lake", "warehouse", "pipeline")
        for path in (REPOSITORY / package).rglob("*.py")
        if reading.search(path.read_text())
    }
    assert found == {"pipeline/settings/loading.py"}, "read the environment there and hand the value on"
