"""Production's path from deployment to housekeeping, each step under its role's rights: enough, and none too many.

The rights are those of infra/policies; the stand-in judges every request by them, and writes down what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import accounts, rights, roles
from rehearsal.standins import StandIns

ACTS = ("deployer", "runner", "reader", "validator", "keeper")


class Account:
    """Buckets and users of one rehearsal under the real rights, and what they were seen to ask for."""

    def __init__(self, standins: StandIns, unique: str) -> None:
        self.aws = standins.aws
        self.names = roles.Names(
            lake_bucket=accounts.bucket(self.aws, f"lake-{unique}"),
            artifacts_bucket=accounts.bucket(self.aws, f"artifacts-{unique}"),
            catalog=f"catalog_{unique}",
            job=f"gold-{unique}",
            name=unique,
        )
        self.role = roles.make_job_role(self.aws, self.names)
        self.keys = {role: roles.make_user(self.aws, (role,), self.names, f"{unique}-{role}") for role in ACTS}

    def variables(self) -> dict[str, str]:
        return {
            "MIRRORLAKE_LAKE_ROOT": f"s3://{self.names.lake_bucket}/lake",
            "MIRRORLAKE_DEPLOY_ARTIFACTS": f"s3://{self.names.artifacts_bucket}",
            "MIRRORLAKE_DEPLOY_JOB": self.names.job,
            "MIRRORLAKE_DEPLOY_CATALOG": self.names.catalog,
            "MIRRORLAKE_DEPLOY_ROLE": self.role,
        }

    def asked(self) -> dict[str, list[rights.Asked]]:
        """Role to what it asked for."""
        found: dict[str, list[rights.Asked]] = {}
        for each in rights.read(self.aws.actions):
            name = each.principal.rpartition("/")[2]
            if name.startswith(self.names.name):
                found.setdefault(name.removeprefix(f"{self.names.name}-"), []).append(each)
        return found


@pytest.fixture
def account(rehearsal: Any, unique: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account(rehearsal.standins, unique)
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MIRRORLAKE_STAGING_URL")  # so that it is looked up in Secrets Manager
    return made


@pytest.mark.slow
@pytest.mark.timeout(900)  # a whole run, with Spark
def test_each_role_may_what_it_does_and_nothing_more(account: Account, run_process: Callable[..., Any]) -> None:
    def act(role: str, *words: str) -> None:
        key, secret = account.keys[role]
        variables = {"MIRRORLAKE_S3_ACCESS_KEY_ID": key, "MIRRORLAKE_S3_SECRET_ACCESS_KEY": secret}
        done = run_process("--env", "rehearsal", *words, timeout_seconds=240, **variables)
        assert done.exit_code == 0, f"{role}: {words}\n{done.text}"

    act("deployer", "deploy")
    act("deployer", "deploy")  # the catalog is compared only where there is one
    act("runner", "warehouse", "--setup")
    act("runner", "run", "--run-date", "2013-07-04", "--location", "JFK")
    act("reader", "show", "weather_daily", "--limit", "1")
    act("validator", "validate")
    act("keeper", "optimize", "--vacuum")
    asked = account.asked()
    assert set(asked) == {*ACTS, "transformer"}
    assert [each for entries in asked.values() for each in entries if not each.allowed] == []
    assert "\n".join(unneeded(asked, account.names)) == ""


def unneeded(asked: dict[str, list[rights.Asked]], names: roles.Names) -> list[str]:
    """What a document allows and none of the roles that have it asked for."""
    found = []
    for document in sorted({each for role in asked for each in roles.roles()[role]}):
        seen = [one for role, entries in asked.items() if document in roles.roles()[role] for one in entries]
        found += rights.surplus([document], names, seen)
    return found
