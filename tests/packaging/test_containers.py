"""Dockerfile and docker-compose.yml by what they say: nothing here needs a daemon (`just infra` has the linters)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(name).strip() for line in joined.splitlines() if line.startswith(f"{name} ")]


def copied() -> set[str]:
    """What is copied from the repository, by its first folder or its name."""
    found = set()
    for line in instructions("COPY"):
        words = [word for word in line.split() if not word.startswith("--")]
        if "--from=" not in line:
            found |= set(words[:-1])
    return found


def test_what_is_copied_is_there_and_reaches_the_daemon() -> None:
    let_through = set(re.findall(r"^!(\S+)", (REPOSITORY / ".dockerignore").read_text(encoding="utf-8"), re.M))
    for name in copied():
        assert (REPOSITORY / name).exists(), name
        assert name.split("/")[0] in let_through, name
    assert let_through == {name.split("/")[0] for name in copied()}


def test_no_secret_and_no_state_reaches_the_daemon() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*", "nothing but what is named"
    assert "**/.env*" in lines


def test_the_image_runs_as_nobody_and_says_its_health() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)
    run = next(stage for stage in stages if " AS run\n" in stage)
    assert "USER 10001:10001" in run
    assert "HEALTHCHECK" in run
    assert 'ENTRYPOINT ["mirrorlake"]' in run
    assert stages[-1].strip() == "run", "what `docker build .` makes"
    assert not re.search(r"^USER (root|0)\b", DOCKERFILE, re.M)


def test_lambda_finds_its_runtime_from_any_folder() -> None:
    """Which folder is the current one is the service's to say."""
    stage = next(stage for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.M) if " AS lambda\n" in stage)
    assert re.search(r'^ENTRYPOINT \["/srv/mirrorlake/\.venv/bin/python", "-m", "awslambdaric"\]$', stage, re.M)


def test_everything_is_installed_from_a_lock_or_from_this_clone() -> None:
    for line in instructions("RUN"):
        for command in re.findall(r"pip install ([^&]*)", line):
            exact = re.fullmatch(r"[\w-]+==[\d.]+\s*", command)
            assert "--require-hashes" in command or "--no-index" in command or exact, command


def test_the_python_is_the_projects() -> None:
    bases = [line.split()[0] for line in instructions("FROM")]
    outside = [base for base in bases if ":" in base]
    assert outside == ["python:3.11-slim-bookworm"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_listens_on_this_machine_only_and_is_pinned(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "build" in service or re.search(r":\d+(\.\d+)*(-\w+)?$", service["image"]), service["image"]
    assert not service.get("privileged")
    if "build" in service:
        assert f" AS {service['build']['target']}\n" in DOCKERFILE
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["cap_drop"] == ["ALL"]


def test_the_profiles_are_those_of_the_rehearsals_parts() -> None:
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert profiles == {"postgres", "s3", "airflow", "dashboard"}
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    (line,) = re.findall(r"^#COMPOSE_PROFILES=(\S+)", example, re.M)
    assert set(line.split(",")) == profiles


def test_who_is_waited_for_is_there_whenever_the_waiting_is() -> None:
    for name, service in SERVICES.items():
        for other in service.get("depends_on", {}):
            needed = set(SERVICES[other].get("profiles", []))
            assert not needed or needed & set(service.get("profiles", [])), f"{name} waits for {other}"


def test_every_variable_is_a_setting() -> None:
    from pipeline.settings.model import Settings
    from pipeline.settings.values import leaves

    known = {leaf.variable for leaf in leaves(Settings).values()} | {"MIRRORLAKE_ROOT", "MIRRORLAKE_DOTENV"}
    said = {name for service in SERVICES.values() for name in service.get("environment", {})}
    said |= set(re.findall(r"\b(MIRRORLAKE_\w+)=", DOCKERFILE))
    assert {name for name in said if name.startswith("MIRRORLAKE_")} <= known


def test_what_the_services_run_are_our_commands() -> None:
    from pipeline.cli import COMMANDS

    ours = [service for service in SERVICES.values() if service.get("image") == "mirrorlake"]
    assert {service["command"][0] for service in ours if "entrypoint" not in service} <= set(COMMANDS)
