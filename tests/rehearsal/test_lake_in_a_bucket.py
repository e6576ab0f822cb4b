"""The laptop's path with its lake in a bucket: the same rows as in a folder, by each engine, whatever goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import polars as pl
import pytest

from lake.compare import differences
from lake.contract.load import load_contracts
from lake.storage.credentials import S3Credentials
from lake.tables.delta import LakeTable
from pipeline.cli import main
from pipeline.workspace import Workspace, open_workspace
from rehearsal import accounts, rights
from rehearsal.aws import Aws
from tests.rehearsal.fault_proxy import Fault, FaultProxy, fault_proxy

if TYPE_CHECKING:
    from tests.conftest import RunCli

DATES = ("--from", "2013-07-03", "--to", "2013-07-04")
JOBS = ("--job", "ingest", "--job", "silver", "--job", "gold", "--job", "staging")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """What the same run leaves in a folder, by table."""
    folder = tmp_path_factory.mktemp("folder") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRRORLAKE_DATA", str(folder))
        patch.setenv("MIRRORLAKE_DOTENV", "")
        assert main(["run", *DATES, *JOBS]) == 0
        return content(open_workspace())


@pytest.fixture(scope="session")
def proxy(aws: Aws) -> Iterator[FaultProxy]:
    with fault_proxy(aws.url) as standing:
        yield standing


@pytest.fixture
def in_bucket(
    aws: Aws, bucket: str, s3_credentials: S3Credentials, project: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Environment dev with its lake in an empty bucket; the bucket."""
    for name, value in {
        "LAKE_ROOT": f"s3://{bucket}/lake",
        "S3_ENDPOINT": aws.url,
        "S3_ALLOW_HTTP": "true",
        "S3_ACCESS_KEY_ID": str(s3_credentials.access_key_id),
        "S3_SECRET_ACCESS_KEY": str(s3_credentials.secret_access_key),
        "GOLD_PARTITION_BY": "day",
    }.items():
        monkeypatch.setenv(f"MIRRORLAKE_{name}", value)
    return bucket


def content(workspace: Workspace) -> dict[str, pl.DataFrame]:
    """The rows of every table, without metadata, by key."""
    found = {}
    for name, contract in workspace.contracts.items():
        table = workspace.table(name)
        if table.exists():
            key = list(contract.primary_key)
            found[name] = table.read().select(contract.column_names).sort(key, nulls_last=True)
    return found


def assert_equal(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    contracts = load_contracts()
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        assert differences(found[name], rows, contracts[name]) == [], name


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_the_rows_are_those_of_a_folder(
    in_bucket: str, engine: str, run_cli: RunCli, expected: dict[str, pl.DataFrame], aws: Aws
) -> None:
    done = run_cli("run", *DATES, *JOBS, "--engine", engine)
    assert done.exit_code == 0, done.text
    assert_equal(content(open_workspace()), expected)
    keys = [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=in_bucket)["Contents"]]
    for day in ("2013-07-03", "2013-07-04"):
        assert any(f"gold/weather_daily/_partition_date={day}/" in key for key in keys), "a day is a partition"
    again = json.loads(run_cli("run", *DATES, *JOBS, "--engine", engine, "--json").out)
    assert {stage["status"] for stage in again["stages"]} == {"unchanged"}


def test_commands_work_on_it_and_the_sandbox_holds(in_bucket: str, run_cli: RunCli, aws: Aws) -> None:
    assert run_cli("run", "--run-date", "2013-07-03", *JOBS).exit_code == 0
    asked = run_cli("sql", "select count(*) as n from weather_daily", "--json")
    assert json.loads(asked.out) == [{"n": 3}]
    other = accounts.bucket(aws, f"{in_bucket}-other")
    aws.client("s3").put_object(Bucket=other, Key="x.txt", Body=b"c4nary")
    for place in (f"s3://{other}/x.txt", f"s3://{in_bucket}/lake/_state/lease.json"):
        refused = run_cli("sql", f"from read_text('{place}')")
        assert refused.exit_code == 2
        assert "c4nary" not in refused.text
    assert "weather_daily, version" in run_cli("show", "weather_daily").out
    assert run_cli("lease", "show").out.strip() == "free"
    assert run_cli("optimize").exit_code == 0
    assert run_cli("reset", "--yes").exit_code == 0
    assert run_cli("run", "--run-date", "2013-07-03", *JOBS).exit_code == 0, "bronze was kept"
    assert json.loads(run_cli("sql", "select count(*) as n from weather_daily", "--json").out) == [{"n": 3}]


# In the order of the stages: each run gets one stage further than the one before.
FAULTS = [
    (Fault("refuse", method="PUT", path="bronze/.*manifest"), "overloaded or down"),
    (Fault("refuse", method="PUT", path="silver/.*_delta_log", status=403, code="AccessDenied"), "access is denied"),
    (Fault("drop", method="GET", path="silver/.*parquet"), "cannot be reached"),
    (Fault("refuse", method="PUT", path="_state/gold/"), "overloaded or down"),
    (Fault("refuse", method="GET", path="gold/.*parquet"), "overloaded or down"),
    (Fault("drop", method="HEAD", path="gold/.*parquet"), "cannot be reached"),  # only DuckDB, for staging, asks so
]


@pytest.mark.slow
def test_runs_that_meet_faults_fail_clearly_and_the_next_completes_them(
    in_bucket: str,
    proxy: FaultProxy,
    run_cli: RunCli,
    expected: dict[str, pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", proxy.url)
    monkeypatch.setenv("MIRRORLAKE_S3_RETRY_SECONDS", "0.3")
    for fault, words in FAULTS:
        with proxy.planted(fault):
            failed = run_cli("run", *DATES, *JOBS)
        assert failed.exit_code == 1, failed.text
        assert words in failed.text, fault
        assert "Traceback" not in failed.text
    monkeypatch.delenv("MIRRORLAKE_S3_RETRY_SECONDS")
    done = run_cli("run", *DATES, *JOBS)
    assert done.exit_code == 0, done.text
    assert_equal(content(open_workspace()), expected)


def test_many_small_faults_on_the_way_change_nothing(
    in_bucket: str,
    proxy: FaultProxy,
    run_cli: RunCli,
    expected: dict[str, pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", proxy.url)
    monkeypatch.setenv("MIRRORLAKE_S3_TIMEOUT_SECONDS", "3")
    places = ("bronze", "silver/.*_delta_log", "silver/.*parquet", "gold/.*_delta_log", "gold/.*parquet", "_state")
    planted = [Fault(kind, path=place, times=1) for place in places for kind in ("refuse", "drop", "lose")]  # type: ignore[arg-type]
    with proxy.planted(*planted):
        done = run_cli("run", *DATES, *JOBS)
    assert done.exit_code == 0, done.text
    assert sum(fault.hits for fault in planted) == len(planted), "each was met"
    assert_equal(content(open_workspace()), expected)


def test_write_s3_copies_the_laptops_lake_to_a_bucket(
    aws: Aws,
    in_bucket: str,
    run_cli: RunCli,
    project: Path,
    expected: dict[str, pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MIRRORLAKE_LAKE_ROOT")
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", f"s3://{in_bucket}/copy")
    assert run_cli("run", "--run-date", "2013-07-03", *JOBS, "--write-s3").exit_code == 0
    done = run_cli("run", *DATES, *JOBS, "--write-s3", "--json")
    assert done.exit_code == 0, done.text
    mirrored = next(stage for stage in json.loads(done.out)["stages"] if stage["stage"] == "mirror")
    assert mirrored["status"] == "done"
    workspace = open_workspace()
    assert workspace.mirror is not None
    copy = LakeTable(workspace.mirror, "gold/weather_hourly").read()
    assert copy.height == expected["weather_hourly"].height
    keys = aws.client("s3").list_objects_v2(Bucket=in_bucket)["Contents"]
    local = {path.relative_to(project / "lake").as_posix() for path in (project / "lake").rglob("*") if path.is_file()}
    copied = {each["Key"].removeprefix("copy/") for each in keys} - {"_mirror.json"}
    assert copied == {key for key in local if not key.startswith("_state/lease")}


def test_the_rights_that_are_said_to_keep_a_copy_suffice_and_all_are_needed(
    aws: Aws, in_bucket: str, unique: str, run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = accounts.user(aws, unique, accounts.policy(accounts.allow(["sts:GetCallerIdentity"])))
    accounts.may_copy(aws, unique, in_bucket)
    monkeypatch.delenv("MIRRORLAKE_LAKE_ROOT")
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", f"s3://{in_bucket}/lake")
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", key)
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", secret)
    arguments = ("run", "--run-date", "2013-07-03", "--job", "ingest", "--write-s3")
    passing = project / "lake" / "_state" / "passing.json"
    passing.parent.mkdir(parents=True)
    passing.write_text("{}")
    assert run_cli(*arguments).exit_code == 0
    passing.unlink()
    again = run_cli(*arguments)
    assert "1 deleted there" in again.out, again.text
    asked = [each for each in rights.read(aws.actions) if each.principal == f"user/{unique}"]
    assert {(each.action, each.allowed) for each in asked} == {
        ("s3:ListBucket", True), ("s3:GetObject", True), ("s3:PutObject", True), ("s3:DeleteObject", True),
    }  # fmt: skip


@pytest.mark.parametrize(("place", "said"), [("s3://no-such-bucket-anywhere/lake", "no such bucket"), ("", "denied")])
def test_a_copy_s_bucket_that_will_not_do_is_said_before_the_run(
    aws: Aws,
    in_bucket: str,
    unique: str,
    run_cli: RunCli,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    said: str,
) -> None:
    monkeypatch.delenv("MIRRORLAKE_LAKE_ROOT")
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", place or f"s3://{in_bucket}/lake")
    if not place:
        key, secret = accounts.user(aws, unique, accounts.policy(accounts.allow(["s3:GetObject", "s3:ListBucket"])))
        monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", key)
        monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", secret)
    refused = run_cli("run", "--run-date", "2013-07-03", "--write-s3")
    assert refused.exit_code == 1
    assert said in refused.err
    assert not (project / "lake" / "bronze").exists()


def test_a_bucket_that_is_not_there_is_said_before_anything_is_done(
    in_bucket: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_LAKE_ROOT", "s3://no-such-bucket-anywhere/lake")
    said = run_cli("run", *DATES, *JOBS)
    assert said.exit_code == 1
    assert "there is no such bucket" in said.err


def test_keys_that_may_only_read_are_told_so(
    aws: Aws, in_bucket: str, unique: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = accounts.user(aws, unique, accounts.policy(accounts.allow(["s3:GetObject", "s3:ListBucket"])))
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", key)
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", secret)
    said = run_cli("run", *DATES, *JOBS)
    assert said.exit_code == 1
    assert "access is denied" in said.err
    checked = run_cli("validate")
    assert "cannot write: access is denied" in checked.out
    client = boto3.client(
        "s3", endpoint_url=aws.url, region_name="eu-central-1", aws_access_key_id=key, aws_secret_access_key=secret
    )
    assert client.list_objects_v2(Bucket=in_bucket)["KeyCount"] == 0
