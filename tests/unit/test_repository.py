"""What lies in the repository: no path of a machine, no registry, no secret, nothing left to do, no overlong file."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = ("lake/", "warehouse/", "pipeline/", "dashboard/")
LONGEST_LINES = 300
LARGEST_BYTES = 1_000_000
# Written in pieces, so that this file does not find itself.
MACHINE = r"(?<![\w.:/$~}<-])/(work|root|home|Users|opt/boot|mnt)/\w"
REGISTRY = "|".join(
    ["pypi" + r"\.", "python" + "hosted", "npm" + r"js\.", "artifact" + "ory", "dev" + "pi", "/sim" + "ple/"]
)
LEFT = r"\b(TO" + "DO|FIX" + "ME|XX" + r"X|HA" + r"CK)\b"
SECRETS = {
    "a key of AWS": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": "-----BEGIN [A-Z ]*PRIVATE " + "KEY-----\n[A-Za-z0-9+/=]{20}",
    "a token of GitHub": r"\bgh[pousr]_[A-Za-z0-9]{30,}",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{10,}",
    "a password in an address": r"://\w+:(?!password@)[^\s:@/{}'\"$]{6,}@",
}


@cache
def tracked() -> dict[str, str]:
    """The text of every tracked file that is one, by path; recorded payloads are data and left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a clone: nothing is tracked")
    found = {}
    for name in listed.stdout.decode().split("\0"):
        path = REPOSITORY / name
        if name and not name.startswith("samples/openmeteo/") and path.is_file():
            body = path.read_bytes()
            if b"\0" not in body:
                found[name] = body.decode("utf-8")
    return found


def hits(pattern: str) -> list[str]:
    compiled = re.compile(pattern)
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()[:40]}"
        for name, text in tracked().items()
        for match in compiled.finditer(text)
    ]


def test_files_are_tracked() -> None:
    assert {"README.md", "pyproject.toml", "pipeline/cli.py"} <= set(tracked())
    assert len(tracked()) > 200


def test_no_path_of_a_machine() -> None:
    assert hits(MACHINE) == []


def test_no_registry() -> None:
    assert hits(REGISTRY) == []


def test_nothing_is_left_to_do() -> None:
    assert hits(LEFT) == []
    assert [hit for hit in hits(r"\bNotImplementedError\b") if hit.startswith(CODE)] == []


@pytest.mark.parametrize("what", SECRETS)
def test_no_secret(what: str) -> None:
    """Tests may make up passwords: they are looked for in what a program says."""
    assert [hit for hit in hits(SECRETS[what]) if not hit.startswith("tests/")] == []


def test_no_file_of_the_code_is_overlong() -> None:
    lines = {
        name: text.count("\n") for name, text in tracked().items() if name.startswith(CODE) and name.endswith(".py")
    }
    assert {name: count for name, count in lines.items() if count >= LONGEST_LINES} == {}
    assert sorted(lines.values())[len(lines) // 2] < 130


def test_files_end_with_one_line_break_and_hold_no_tabs_or_conflicts() -> None:
    wrong = []
    for name, text in tracked().items():
        if text and (not text.endswith("\n") or text.endswith("\n\n") or "\r" in text):
            wrong.append(name)
        if re.search(r"^(<{7} |>{7} )", text, re.MULTILINE):
            wrong.append(f"{name}: a conflict")
    assert wrong == []


def test_no_file_is_large() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=False)
    sizes = {
        name: (REPOSITORY / name).stat().st_size
        for name in listed.stdout.decode().split("\0")
        if name and (REPOSITORY / name).is_file()
    }
    assert {name: size for name, size in sizes.items() if size > LARGEST_BYTES} == {}


def test_what_is_ignored_is_not_tracked() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--ignored", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert listed.stdout == b""


def test_what_the_promotion_guide_makes_in_the_clone_is_ignored_and_for_its_maker_alone() -> None:
    page = tracked()["docs/promotion.md"]
    shown = "\n".join(re.findall(r"^\$ (.*)$", page, re.M))
    made = set(re.findall(r"(?:-out[ =]| > |file://)([\w.-]+)", shown))
    made = {f"infra/{name}" if name.endswith("tfplan") else name for name in made}
    assert {"snowflake.p8", "snowflake.pub", "staging-url.txt", "setup.sql"} <= made
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", *made], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert made - set(told.stdout.split()) == set()
    assert shown.index("umask 077") < shown.index("openssl")


def test_recipes_that_pass_a_command_of_ours_on_add_no_error_of_just() -> None:
    """The command has said what is wrong and what to do; "Recipe failed on line" would only bury it."""
    passing = re.findall(
        r"^(.*)\n([a-z][\w-]*)[^\n]*:[^\n]*\n    @\{\{ (?:mirrorlake|python) \}\} (?!-m pytest)",
        tracked()["justfile"],
        re.M,
    )
    assert {"dev-run", "rehearse", "dashboard", "tour"} <= {name for _, name in passing}
    assert [name for before, name in passing if before != "[no-exit-message]"] == []
