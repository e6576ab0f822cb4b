"""``mirrorlake deploy`` on the stand-in for AWS: under the deployer's rights, repeatable, and never half in force."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lake import writes
from pipeline.deploy import artifacts as deployed_artifacts
from pipeline.deploy.wheel import build_wheel
from rehearsal import accounts, roles
from rehearsal.aws import Aws

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Place:
    """A lake's and an artifacts bucket, the names registered, and how to call the command there."""

    aws: Aws
    names: roles.Names
    deploy: Callable[..., list[dict[str, str]]]

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def object(self, key: str) -> bytes:
        return bytes(self.client("s3").get_object(Bucket=self.names.artifacts_bucket, Key=key)["Body"].read())

    def manifest(self) -> dict[str, Any]:
        return dict(json.loads(self.object("deployments/rehearsal.json")))

    def job(self) -> dict[str, Any]:
        return dict(self.client("glue").get_job(JobName=self.names.job)["Job"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once: tests/unit/test_deploy_wheel.py looks at how."""
    return build_wheel(REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def place(
    aws: Aws, wheel: Path, unique: str, run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Place:
    names = roles.Names(
        lake_bucket=accounts.bucket(aws, f"lake-{unique}"),
        artifacts_bucket=accounts.bucket(aws, f"artifacts-{unique}"),
        catalog=f"catalog_{unique}",
        job=f"gold-{unique}",
        name=unique,
    )
    key, secret = roles.make_user(aws, ("deployer",), names, f"deployer-{unique}")
    jar, other = tmp_path / "delta-spark_2.12-0.0.0.jar", tmp_path / "hadoop-aws-0.0.0.jar"
    jar.write_bytes(b"jar")
    other.write_bytes(b"another jar")
    monkeypatch.setattr("pipeline.jars.jars", lambda folder, root: (str(jar), str(other)))
    monkeypatch.setattr(deployed_artifacts, "build_wheel", lambda root, folder: wheel)
    variables = {
        "MIRRORLAKE_S3_ENDPOINT": aws.url,
        "MIRRORLAKE_S3_ALLOW_HTTP": "true",
        "MIRRORLAKE_S3_ACCESS_KEY_ID": key,
        "MIRRORLAKE_S3_SECRET_ACCESS_KEY": secret,
        "MIRRORLAKE_LAKE_ROOT": f"s3://{names.lake_bucket}/lake",
        "MIRRORLAKE_DEPLOY_ARTIFACTS": f"s3://{names.artifacts_bucket}",
        "MIRRORLAKE_DEPLOY_JOB": names.job,
        "MIRRORLAKE_DEPLOY_CATALOG": names.catalog,
        "MIRRORLAKE_DEPLOY_ROLE": roles.make_job_role(aws, names),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def deploy(*arguments: str) -> list[dict[str, str]]:
        outcome = run_cli("--env", "rehearsal", "deploy", "--json", *arguments)
        assert outcome.exit_code == 0, outcome.text
        return list(json.loads(outcome.out))

    return Place(aws, names, deploy)


def changes(rows: list[dict[str, str]]) -> dict[str, set[str]]:
    """Kind to how its things changed."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["kind"], set()).add(row["change"])
    return found


def test_a_deployment_brings_all_and_its_repetition_nothing(place: Place) -> None:
    first = changes(place.deploy())
    assert all(change == {"new"} for change in first.values())
    assert set(first) == {
        "wheel", "script", "jar", "project", "contract", "glue database", "glue table", "glue job", "dag", "manifest",
    }  # fmt: skip
    versions = place.job()["LastModifiedOn"]
    again = changes(place.deploy())
    assert all(change == {"unchanged"} for change in again.values())
    assert place.job()["LastModifiedOn"] == versions


def test_what_a_job_gets_is_what_lies_here(place: Place) -> None:
    place.deploy()
    keys = place.manifest()["artifacts"]
    job = place.job()
    root = f"s3://{place.names.artifacts_bucket}"
    assert job["Command"]["ScriptLocation"] == f"{root}/{keys['script/glue_job.py']}"
    wheel = next(key for name, key in keys.items() if name.startswith("wheel/"))
    modules = job["DefaultArguments"]["--additional-python-modules"].split(",")
    assert modules[0] == f"{root}/{wheel}"
    assert any(module.startswith("polars==") for module in modules[1:])
    assert not any(module.startswith(("pyspark", "boto3", "mirrorlake")) for module in modules[1:])
    with zipfile.ZipFile(io.BytesIO(place.object(wheel))) as archive:
        assert {"pipeline/deploy/deployment.py", "lake/contracts/weather_daily.odcs.yaml"} <= set(archive.namelist())
    with zipfile.ZipFile(io.BytesIO(place.object(keys["project/project.zip"]))) as archive:
        names = archive.namelist()
    assert {"profiles/rehearsal.toml", "dbt/dbt_project.yml"} <= set(names)
    assert not [name for name in names if "/target/" in name or name.endswith(".env")]
    assert json.loads(place.object("dags/graph.json"))["stages"]
    assert place.object("dags/mirrorlake.py")


def test_the_catalog_says_what_the_contracts_say(place: Place) -> None:
    place.deploy()
    table = place.client("glue").get_table(DatabaseName=place.names.catalog, Name="weather_daily")["Table"]
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns["weather_date"] == "date"
    assert columns["temperature_mean_c"] == "double"
    assert table["StorageDescriptor"]["Location"] == f"s3://{place.names.lake_bucket}/lake/gold/weather_daily"
    assert table["Parameters"]["table_type"] == "DELTA"


def test_only_what_changed_is_registered_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deploy()
    old = place.job()
    glue = place.client("glue")
    kept = {key: old[key] for key in ("Role", "GlueVersion", "WorkerType", "Command", "DefaultArguments")}
    changed = {**kept, "NumberOfWorkers": 7, "DefaultArguments": {**kept["DefaultArguments"], "--mine": "stays"}}
    glue.update_job(JobName=place.names.job, JobUpdate=changed)
    monkeypatch.setattr(deployed_artifacts, "SCRIPT", Path("spark/pom.xml"))
    rows = place.deploy()
    touched = {(row["kind"], row["change"]) for row in rows if row["change"] != "unchanged"}
    assert touched == {("script", "new"), ("glue job", "changed"), ("manifest", "changed")}
    job = place.job()
    assert job["Command"]["ScriptLocation"].endswith("/pom.xml")
    assert job["NumberOfWorkers"] == 7, "what infra decides stays"
    assert job["DefaultArguments"]["--mine"] == "stays"
    assert place.object(old["Command"]["ScriptLocation"].split("/", 3)[3]), "a job at work keeps its script"


def test_a_table_that_somebody_changed_is_put_right(place: Place) -> None:
    place.deploy()
    glue = place.client("glue")
    table = glue.get_table(DatabaseName=place.names.catalog, Name="dim_date")["Table"]
    storage = {**table["StorageDescriptor"], "Location": "s3://elsewhere/dim_date"}
    said = {"Name": "dim_date", "Parameters": table["Parameters"], "StorageDescriptor": storage}
    glue.update_table(DatabaseName=place.names.catalog, TableInput=said)
    assert [row["name"] for row in place.deploy() if row["change"] == "changed"] == ["dim_date"]
    assert place.deploy()[0]["change"] == "unchanged"


def test_a_dry_run_changes_nothing(place: Place) -> None:
    rows = place.deploy("--dry-run")
    assert {row["change"] for row in rows} == {"new"}
    assert place.client("s3").list_objects_v2(Bucket=place.names.artifacts_bucket)["KeyCount"] == 0
    assert place.names.catalog not in {each["Name"] for each in place.client("glue").get_databases()["DatabaseList"]}


@pytest.mark.parametrize("site", ["deploy.artifact", "deploy.dag", "deploy.manifest"])
def test_one_that_dies_is_completed_by_the_next(place: Place, site: str, run_cli: Callable[..., Any]) -> None:
    def die(moment: str, where: str, path: str) -> None:
        if (moment, where) == ("before", site):
            raise KeyboardInterrupt

    stop = writes.observe(die)
    assert run_cli("--env", "rehearsal", "deploy").exit_code == 130
    stop()
    listed = place.client("s3").list_objects_v2(Bucket=place.names.artifacts_bucket).get("Contents", [])
    assert "deployments/rehearsal.json" not in {entry["Key"] for entry in listed}
    place.deploy()
    assert {row["change"] for row in place.deploy()} == {"unchanged"}


def test_without_rights_the_error_names_the_action(
    place: Place, run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = roles.make_user(place.aws, ("reader",), place.names, f"reader-{place.names.name}")
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", key)
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", secret)
    outcome = run_cli("--env", "rehearsal", "deploy")
    assert outcome.exit_code == 1
    assert "denied" in outcome.err


def test_a_role_that_may_not_be_handed_on_is_refused(
    place: Place, run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_ROLE", f"arn:aws:iam::{roles.ACCOUNT}:role/administrator")
    outcome = run_cli("--env", "rehearsal", "deploy")
    assert outcome.exit_code == 1
    assert "iam:PassRole" in outcome.err


def test_an_application_is_made_by_name_and_found_again(
    place: Place, run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"gold-{place.names.name}"
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_EMR_APPLICATION", name)
    refused = run_cli("--env", "rehearsal", "deploy")
    assert refused.exit_code == 1, "the deployer may find applications, not make any"
    assert "emr-serverless:CreateApplication" in refused.err
    made = place.client("emr-serverless").create_application(
        name=name, releaseLabel="emr-7.12.0", type="SPARK", clientToken=name
    )
    place.deploy()
    assert place.manifest()["emr_application"] == made["applicationId"]
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_EMR_APPLICATION", "00unknown12345")
    assert "there is no application" in run_cli("--env", "rehearsal", "deploy").err
