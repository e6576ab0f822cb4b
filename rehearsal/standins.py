"""All stand-ins together: started at the same time, set up, and the variables by which the platform finds them.

``with StandIns(folder) as standins`` has them up; leaving it ends them. Each can be had alone, too: it starts when it
is asked for.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import TracebackType

from rehearsal import accounts, roles
from rehearsal.aws import Aws
from rehearsal.base import StandIn
from rehearsal.postgres import Postgres
from rehearsal.snowflake import Snowflake

VARIABLES = "standins.env"
SECRETS = "mirrorlake/rehearsal"


class StandIns:
    """The servers and what was set up in them; ``folder`` keeps their files.

    ``strict`` gives everybody the rights of infra/ and no others; else they may do what they like in any bucket.
    """

    def __init__(self, folder: Path, *, strict: bool = False) -> None:
        self.folder = folder
        self.strict = strict
        self._aws = Aws(folder / "aws")
        self._postgres = Postgres(folder / "postgres")
        self._snowflake = Snowflake(folder / "snowflake")

    def __enter__(self) -> StandIns:
        self._postgres.start()
        self._aws.start()
        try:
            _ = self.aws, self.snowflake, self.postgres
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def all(self) -> tuple[StandIn, ...]:
        """Every one of them, up or not."""
        return self._aws, self._postgres, self._snowflake

    @cached_property
    def aws(self) -> Aws:
        """AWS, with buckets and identities."""
        self._aws.start().wait()
        for name in (accounts.LAKE, accounts.ARTIFACTS, accounts.COPY):
            accounts.bucket(self._aws, name)
        return self._aws

    @cached_property
    def run_key(self) -> accounts.KeyPair:
        """The access key of who runs `mirrorlake`."""
        if not self.strict:
            return accounts.run_user(self.aws)
        key = roles.make_user(self.aws, roles.OPERATOR, roles.Names(), accounts.RUN)
        accounts.may_copy(self.aws, accounts.RUN, accounts.COPY)
        return key

    @cached_property
    def job_role(self) -> str:
        """The ARN of the role that jobs run as."""
        return roles.make_job_role(self.aws, roles.Names()) if self.strict else accounts.job_role(self.aws)

    @cached_property
    def postgres(self) -> Postgres:
        """Postgres."""
        self._postgres.start().wait()
        return self._postgres

    @cached_property
    def snowflake(self) -> Snowflake:
        """Snowflake, whose stages read S3 with a key that may only read."""
        self._snowflake.s3 = (self.aws.url, *self._snowflake_key())
        self._snowflake.start().wait()
        return self._snowflake

    def _snowflake_key(self) -> accounts.KeyPair:
        if self.strict:
            return roles.make_user(self.aws, ("snowflake",), roles.Names(), accounts.SNOWFLAKE)
        return accounts.snowflake_user(self.aws)

    @cached_property
    def variables(self) -> dict[str, str]:
        """What the platform has to be told; the secrets are put into Secrets Manager on the way."""
        accounts.secret(self.aws, f"{SECRETS}/staging-url", self.postgres.url)
        accounts.secret(self.aws, f"{SECRETS}/snowflake-private-key", self.snowflake.private_key)
        key, secret = self.run_key
        return {
            "MIRRORLAKE_S3_ENDPOINT": self.aws.url,
            "MIRRORLAKE_S3_ALLOW_HTTP": "true",
            "MIRRORLAKE_S3_ACCESS_KEY_ID": key,
            "MIRRORLAKE_S3_SECRET_ACCESS_KEY": secret,
            "MIRRORLAKE_DEPLOY_ROLE": self.job_role,
            **self.snowflake.variables(),
        }

    def stop(self) -> None:
        """End all of them."""
        for each in reversed(self.all):
            each.stop()


def write_variables(path: Path, variables: dict[str, str]) -> None:
    """As the file that settings of the environment ``rehearsal`` read; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text("".join(f"{name}={value}\n" for name, value in variables.items()), encoding="utf-8")
    new.replace(path)  # readers see all of it or nothing
