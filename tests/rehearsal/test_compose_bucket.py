"""docker-compose.yml's service ``bucket``: its program, run as it stands there against the stand-in for S3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from rehearsal.aws import Aws

COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"


def test_the_bucket_may_be_there_from_the_last_time(aws: Aws) -> None:
    """The container for S3 outlives a second ``docker compose up``, and what waits for the bucket has to start."""
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["bucket"]
    key, secret = aws.root
    told = {**service["environment"], "AWS_ENDPOINT_URL": aws.url, "PATH": os.environ["PATH"]}
    told |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    program = [sys.executable, *service["entrypoint"][1:], *service["command"]]
    for _ in range(2):
        done = subprocess.run(program, capture_output=True, text=True, env=told, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    assert "mirrorlake-compose" in [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
