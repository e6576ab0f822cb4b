"""infra/ is in step with itself, with the profiles and with the rehearsal; no right is given by a wildcard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from string import Template
from typing import Any

import pytest

from rehearsal import rights, roles
from rehearsal.policies import is_allowed

INFRA = Path(__file__).resolve().parents[2] / "infra"
TEXT = {path.name: path.read_text(encoding="utf-8") for path in INFRA.glob("*.tf")}
DOCUMENTS = sorted(path.stem for path in (INFRA / "policies").glob("*.json") if path.stem != "unobserved")
UNOBSERVED = json.loads((INFRA / "policies" / "unobserved.json").read_text(encoding="utf-8"))
# Actions that AWS lets nobody confine to a resource.
WITHOUT_RESOURCE = {"emr-serverless:ListApplications", "cloudwatch:PutMetricData"}


def document(name: str) -> dict[str, Any]:
    return roles.document(name, roles.Names())


def test_the_documents_of_all_roles_are_there_and_no_others() -> None:
    assert {name for names in roles.roles().values() for name in names} == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_rights_are_named_one_by_one(name: str) -> None:
    statements = document(name)["Statement"]
    sids = [statement["Sid"] for statement in statements]
    assert len(set(sids)) == len(sids)
    for sid, action, alone in rights.grants(document(name)):
        assert re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", action), f"{sid}: {action}"
        (statement,) = alone["Statement"]
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert "*" not in resources or action in WITHOUT_RESOURCE, f"{sid}: {action} on everything"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_leaves_open_only_what_is_filled_in(name: str) -> None:
    text = (INFRA / "policies" / f"{name}.json").read_text(encoding="utf-8")
    open_names = set(Template(text).get_identifiers())
    assert open_names <= {field.name for field in fields(roles.Names)}
    assert text.count("$") == len(re.findall(r"\$\{\w+\}", text)), "a name without braces is left as it is by Terraform"


def test_terraform_fills_in_the_same_names_as_the_rehearsal() -> None:
    block = re.search(r"policy_values = \{(.*?)\n  \}", TEXT["locals.tf"], re.DOTALL)
    assert block
    assert set(re.findall(r"^    (\w+)\s*=", block[1], re.MULTILINE)) == {field.name for field in fields(roles.Names)}


def test_every_excuse_is_for_a_right_that_is_given() -> None:
    given = {name: {action for _, action, _ in rights.grants(document(name))} for name in DOCUMENTS}
    for name, excuses in UNOBSERVED.items():
        possible = set().union(*given.values()) if name == "*" else given[name]
        assert set(excuses) <= possible, name
        assert all(excuses.values())


@pytest.mark.parametrize(
    ("role", "action", "key", "allowed"),
    [
        ("reader", "s3:GetObject", "gold/t/f.parquet", True),
        ("reader", "s3:PutObject", "gold/t/f.parquet", False),
        ("ingester", "s3:PutObject", "bronze/source=s/raw.json", True),
        ("ingester", "s3:PutObject", "gold/t/f.parquet", False),
        ("ingester", "s3:DeleteObject", "bronze/source=s/raw.json", False),
        ("transformer", "s3:PutObject", "gold/t/f.parquet", True),
        ("transformer", "s3:PutObject", "silver/t/f.parquet", False),
        ("transformer", "s3:GetObject", "bronze/source=s/raw.json", False),
        ("transformer", "s3:DeleteObject", "silver/t/f.parquet", False),
        ("loader", "s3:GetObject", "gold/t/f.parquet", True),
        ("loader", "s3:PutObject", "gold/t/f.parquet", False),
        ("runner", "s3:DeleteObject", "silver/t/f.parquet", False),
        ("runner", "s3:PutObject", "gold/t/f.parquet", False),
        ("keeper", "s3:DeleteObject", "bronze/source=s/raw.json", False),
        ("keeper", "s3:DeleteObject", "_audit/run_id=r/a.json", False),
        ("validator", "s3:DeleteObject", "_state/lease.json", False),
        ("deployer", "s3:GetObject", "gold/t/f.parquet", False),
        ("snowflake", "s3:GetObject", "gold/t/f.parquet", True),
        ("snowflake", "s3:GetObject", "silver/t/f.parquet", False),
    ],
)
def test_who_may_what_in_the_lake(role: str, action: str, key: str, allowed: bool) -> None:
    texts = roles.documents((role,), roles.Names()).values()
    assert is_allowed(texts, action, f"arn:aws:s3:::{roles.accounts.LAKE}/lake/{key}") is allowed


def test_only_who_loads_or_validates_reads_secrets() -> None:
    arn = f"arn:aws:secretsmanager:{roles.REGION}:{roles.ACCOUNT}:secret:mirrorlake/rehearsal/staging-url-AbCdEf"
    may = {
        role
        for role in roles.roles()
        if is_allowed(roles.documents((role,), roles.Names()).values(), "secretsmanager:GetSecretValue", arn)
    }
    assert may == {"loader", "runner", "validator"}


def test_the_job_may_write_to_the_log_groups_that_are_made_for_it() -> None:
    name = re.search(r'"(/aws-glue/jobs/[^\n]*)"\n', TEXT["alerts.tf"])
    assert name
    group = re.sub(r"\$\{[^}]*\}", "x", name[1])
    assert group == "/aws-glue/jobs/x-role/x/x", "security configuration, role, error or output: as Glue names them"
    arn = f"arn:aws:logs:{roles.REGION}:{roles.ACCOUNT}:log-group:{group}:log-stream:jr_1"
    assert is_allowed([document("transformer")], "logs:PutLogEvents", arn)
    assert "log-logGroup" not in TEXT["glue.tf"], "Glue 5 passes it over"


@pytest.mark.parametrize("folder", ["bronze", "silver", "gold", "_state", "_audit"])
def test_the_two_documents_that_a_lambda_function_is_given_suffice(folder: str) -> None:
    """docs/spark.md names them: no role of infra/ writes every layer."""
    texts = [document("ingester"), document("transformer")]
    arn = f"arn:aws:s3:::{roles.accounts.LAKE}/lake/{folder}/x"
    assert all(is_allowed(texts, f"s3:{action}", arn) for action in ("GetObject", "PutObject"))


def test_the_job_may_read_a_packed_environment_where_it_is_said_to_lie() -> None:
    arn = f"arn:aws:s3:::{roles.accounts.ARTIFACTS}/environments/environment.tar.gz"
    assert is_allowed([document("transformer")], "s3:GetObject", arn)


@pytest.mark.parametrize("role", sorted(roles.roles()))
def test_who_reads_or_writes_what_is_encrypted_may_use_the_key(role: str) -> None:
    """Lake, artifacts and secrets are encrypted by the project's key; no stand-in asks for the right to it."""
    texts = list(roles.documents((role,), roles.Names()).values())
    given = {action for text in texts for _, action, _ in rights.grants(text)}
    needed = {
        ("kms:Decrypt", "s3"): "s3:GetObject" in given,
        ("kms:GenerateDataKey", "s3"): "s3:PutObject" in given,
        ("kms:Decrypt", "secretsmanager"): "secretsmanager:GetSecretValue" in given,
    }
    for (action, service), is_needed in needed.items():
        by = {"kms:ViaService": f"{service}.{roles.REGION}.amazonaws.com"}
        assert is_allowed(texts, action, roles.Names().key_arn, by) or not is_needed, f"{action} by way of {service}"


def test_names_are_those_of_the_profile() -> None:
    profile = tomllib.loads((INFRA.parent / "profiles" / "prod.toml").read_text(encoding="utf-8"))
    blocks = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', TEXT["variables.tf"], re.DOTALL | re.MULTILINE))
    defaults = {name: re.findall(r'default\s*=\s*"([^"]*)"', block)[:1] for name, block in blocks.items()}
    assert defaults["job"] == [profile["deploy"]["job"]]
    assert defaults["catalog"] == [profile["deploy"]["catalog"]]
    assert defaults["region"] == [profile["s3"]["region"]]
    secrets = set(re.findall(r'"secret:(mirrorlake/prod/[\w-]+)"', json.dumps(profile, default=str)))
    assert {f"mirrorlake/prod/{name}" for name in re.findall(r'^    "([\w-]+)"', TEXT["secrets.tf"], re.M)} == secrets


def service_statements(file: str, name: str) -> list[tuple[set[str], bool]]:
    """Of a policy document in Terraform: each statement's services, and whether it has a condition."""
    found = re.search(rf'^data "aws_iam_policy_document" "{name}" \{{\n(.*?)^\}}', TEXT[file], re.DOTALL | re.MULTILINE)
    assert found, f"{file}: {name}"
    statements = re.split(r"^ *(?:dynamic )?\"?statement\"? \{\n", found[1], flags=re.MULTILINE)[1:]
    return [(set(re.findall(r'"([a-z-]+\.amazonaws\.com)"', text)), "condition {" in text) for text in statements]


@pytest.mark.parametrize(("file", "name"), [("alerts.tf", "alerts"), ("keys.tf", "key")])
def test_eventbridge_may_tell_of_a_failed_job_without_a_condition(file: str, name: str) -> None:
    """Its user guide: a topic's policy for EventBridge cannot have one. The others say from which account they come."""
    statements = service_statements(file, name)
    assert ({"events.amazonaws.com"}, False) in statements
    assert ({"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}, True) in statements
    assert sum("events.amazonaws.com" in services for services, _ in statements) == 1


def test_a_service_takes_on_a_role_on_a_condition_only_where_aws_shows_that_it_can_meet_it() -> None:
    """Glue, EC2 and Lambda are not shown to name the account; on a condition they could never take on their role."""
    assert service_statements("roles.tf", "jobs") == [
        ({"glue.amazonaws.com"}, False),
        ({"emr-serverless.amazonaws.com"}, True),
    ]
    assert re.findall(r"name_the_account = (\[.*\])", TEXT["roles.tf"]) == ['["ecs-tasks.amazonaws.com"]']
    runner = TEXT["roles.tf"].partition('"aws_iam_policy_document" "runner"')[2].partition("\ndata ")[0]
    assert "for_each = contains(local.name_the_account, statement.key) ? [1] : []" in runner
    assert "\n      condition {" not in runner


def test_the_budget_sees_what_bears_no_tag() -> None:
    """The staging database and what runs Mirrorlake are not made here, and a tag counts only once it is activated."""
    assert 'resource "aws_budgets_budget" "monthly"' in TEXT["alerts.tf"]
    assert "cost_filter" not in TEXT["alerts.tf"]


def test_no_secret_stands_in_the_state() -> None:
    assert not [name for name, text in TEXT.items() if "aws_secretsmanager_secret_version" in text]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraform_finds_its_own_form(tmp_path: Path) -> None:
    done = subprocess.run(
        ["terraform", f"-chdir={INFRA}", "fmt", "-check", "-recursive"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
