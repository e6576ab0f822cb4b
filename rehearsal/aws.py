"""S3, Glue, EMR Serverless, Secrets Manager, IAM, STS, CloudWatch: moto's server, with a front of ours before it."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Any, ClassVar

from rehearsal.base import StandIn

REGION = "eu-central-1"
ACCOUNT = "123456789012"


class Aws(StandIn):
    """``url`` is the endpoint of every service. ``root`` may everything, and is only for setting things up."""

    name: ClassVar[str] = "aws"
    module: ClassVar[str] = "rehearsal.serve.aws"

    def __init__(self, folder: Path, job_python: str = sys.executable) -> None:
        super().__init__(folder)
        self.job_python = job_python
        self.root = (f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))

    @property
    def actions(self) -> Path:
        """JSON lines: who asked for which action on which resource, and whether it was allowed."""
        return self.folder / "actions.jsonl"

    def arguments(self) -> list[str]:
        """See ``StandIn.arguments``."""
        return [*super().arguments(), "--job-python", self.job_python]

    def environment(self) -> dict[str, str]:
        """See ``StandIn.environment``."""
        key, secret = self.root
        return {"STANDIN_ROOT_KEY": key, "STANDIN_ROOT_SECRET": secret}

    def client(self, service: str, key: tuple[str, str] | None = None) -> Any:
        """A boto3 client of ``service``, as root unless a key pair is given."""
        import boto3

        key_id, secret = key or self.root
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
        )
