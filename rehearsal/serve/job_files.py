"""What a job is given: its files, from the bucket, with the rights of its role and nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from rehearsal.serve.requests import ACCOUNT

SESSION_SECONDS = 3600


@dataclass(frozen=True)
class JobSpecification:
    """One run of a job: all paths are ``s3://`` URLs; ``words`` is what follows the script's name in ``sys.argv``."""

    run_id: str
    role: str
    region: str
    script: str
    words: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()  # wheels, zips and .py files, for the Python path
    jars: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # put beside the script
    configuration: tuple[str, ...] = ()  # name=value, of Spark
    timeout_seconds: float = 3600.0


class JobError(Exception):
    """The job cannot start; the text is what the service would say."""


@dataclass
class Session:
    """The credentials of the job's role, and the client that reads its files with them."""

    specification: JobSpecification
    endpoint: str
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spec = self.specification
        arn = spec.role if spec.role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{spec.role}"
        name = arn.rpartition("/")[2]
        if name not in {role.name for role in iam_backends[ACCOUNT]["aws"].roles.values()}:
            raise JobError(f"the role {arn} does not exist or cannot be assumed")
        assumed: Any = sts_backends[ACCOUNT]["aws"].assume_role(
            region_name=spec.region,
            role_session_name=spec.run_id[:32],
            role_arn=arn,
            policy=None,
            duration=SESSION_SECONDS,
            external_id=None,
        )
        self.variables = {
            "AWS_ACCESS_KEY_ID": assumed.access_key_id,
            "AWS_SECRET_ACCESS_KEY": assumed.secret_access_key,
            "AWS_SESSION_TOKEN": assumed.session_token,
            "AWS_REGION": spec.region,
            "AWS_DEFAULT_REGION": spec.region,
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        self._s3 = boto3.client(
            "s3",
            region_name=spec.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=assumed.access_key_id,
            aws_secret_access_key=assumed.secret_access_key,
            aws_session_token=assumed.session_token,
        )

    def fetch(self, urls: Sequence[str], folder: Path) -> list[Path]:
        """Download into ``folder``; JobError for what cannot be read."""
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for url in urls:
            at = urlsplit(url)
            path = folder / Path(at.path).name
            try:
                self._s3.download_file(at.netloc, at.path.lstrip("/"), str(path))
            except Exception as error:
                raise JobError(f"{url} cannot be read: {error}") from None
            found.append(path)
        return found


def python_path(modules: Sequence[Path], folder: Path) -> list[str]:
    """The entries of a Python path for ``modules``: wheels and zips are unpacked, files stand in their folder."""
    for module in modules:
        if module.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(module) as archive:
                archive.extractall(folder)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / module.name).write_bytes(module.read_bytes())
    return [str(folder)] if modules else []
