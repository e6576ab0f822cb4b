"""The documentation is true: its commands run as it says, show what it shows, and its links lead somewhere.

That generated pages are in step is tested beside their generators.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from markdown_pages import ELISION, REPOSITORY, Command, anchors, commands, links, pages, spans

from pipeline.cli import cli

PAGES = {path.as_posix(): (REPOSITORY / path).read_text(encoding="utf-8") for path in pages()}
SPOKEN = {**PAGES, "CONTRIBUTING.md": (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")}
OURS = ("mirrorlake", "python -m pipeline.run")
# What a page may tell a reader to type without a test of it: tools that set up, look, or change what lies around.
OTHERS = (
    "pip",
    "just",
    "git",
    "cd",
    "cat",
    "ls",
    "export",
    "source",
    ".",
    "python3.11",
    "dbt",
    "rm",
    "cp",
    "mkdir",
    "sed",
)
# Commands whose output is all content: what a page shows of them has to come.
COMPARED = ("query", "sql", "metrics")
RECIPES = set(re.findall(r"^([a-z][\w-]*)(?: [^:=]*)?:(?!=)", (REPOSITORY / "justfile").read_text(), re.M))


def where(page: str, command: Command) -> str:
    return f"{page}:{command.line}: {command.text}"


def is_ours(text: str) -> bool:
    return without_variables(text).startswith(OURS)


def without_variables(text: str) -> str:
    """A command without the variables that are set for it alone."""
    return re.sub(r"^([A-Z_]+=\S+ )+", "", text)


# --- commands -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data after `mirrorlake run`, once; every page works on a copy of its own."""
    folder = tmp_path_factory.mktemp("documented")
    done = execute("mirrorlake run", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def execute(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a page in a folder of its own, where ``data/dev`` is what a project's would be."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MIRRORLAKE_ROOT": str(REPOSITORY),
        "MIRRORLAKE_DATA": str(folder / "data" / "dev"),
        "NO_COLOR": "1",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)  # the README builds a whole year
@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if any(is_ours(c.text) for c in commands(text))])
def test_the_commands_of_a_page_run_in_its_order(page: str, week: Path, tmp_path: Path) -> None:
    shutil.copytree(week, tmp_path, dirs_exist_ok=True)
    wrong = []
    for command in commands(PAGES[page]):
        if command.exit_code is None or not is_ours(command.text):
            continue
        done = execute(command.text, tmp_path)
        if done.returncode != command.exit_code:
            wrong.append(f"{where(page, command)}\nexit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        elif shlex.split(without_variables(command.text))[1] in COMPARED:
            printed = (done.stdout + done.stderr).replace(f"MIRRORLAKE_DATA={tmp_path / 'data' / 'dev'} ", "")
            said = {line.rstrip() for line in printed.splitlines()}
            lines = [line for line in command.shown if line and ELISION not in line]
            wrong += [f"{where(page, command)}\ndoes not show: {line}" for line in lines if line not in said]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_executed_or_says_why_not(page: str) -> None:
    for command in commands(PAGES[page]):
        program = without_variables(command.text).split()[0]
        known = is_ours(command.text) or command.exit_code is None or program in OTHERS
        assert known, f"{where(page, command)}: annotate its block: <!-- not executed: why -->"


@pytest.mark.parametrize("page", SPOKEN)
def test_commands_options_and_recipes_exist(page: str) -> None:
    said = [*(command.text for command in commands(SPOKEN[page])), *spans(SPOKEN[page])]
    for text in said:
        for part in re.split(r" (?:&&|\|\|?|;) ", without_variables(text)):
            words = part.split()
            if words[0] == "just" and len(words) > 1 and re.match(r"[a-z]", words[1]):
                assert words[1] in RECIPES, f"{page}: {text}: the recipes are {', '.join(sorted(RECIPES))}"
            elif part.startswith(OURS):
                unknown = unknown_words(part)
                assert not unknown, f"{page}: {text}: {unknown}"


def unknown_words(text: str) -> str:
    """The first word of a command line of ours that there is not; nothing where all are known."""
    text = text.replace("python -m pipeline.run", "mirrorlake run")
    group, words = cli, shlex.split(re.sub(r"[>|].*", "", text), posix=False)[1:]
    command: click.Command = group
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word.startswith("-") and word not in ("-", "--"):
            options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
            name, _, value = word.partition("=")
            if name not in {*options, "--help", "-h"}:
                return f"no option {word} of {command.name}; there are {', '.join(sorted(options))}"
            is_value = not value and not getattr(options.get(name), "is_flag", True)
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z-]+", word):
            found = command.get_command(click.Context(command), word)
            if found is None and command is cli:
                return f"no command {word}"
            command = found or command
    return ""


def test_every_command_is_listed_in_the_readme() -> None:
    context = click.Context(cli)
    said = spans(PAGES["README.md"])
    assert [name for name in cli.list_commands(context) if f"mirrorlake {name}" not in said] == []


# --- links ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", SPOKEN)
def test_links_lead_somewhere(page: str) -> None:
    for target in links(SPOKEN[page]):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), f"{page}: {target}"
            continue
        path, _, anchor = target.partition("#")
        file = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert file.exists(), f"{page}: {target} is not there"
        assert file.resolve().is_relative_to(REPOSITORY), f"{page}: {target} leaves the repository"
        if anchor and file.suffix == ".md":
            headings = anchors(file.read_text(encoding="utf-8"))
            assert anchor in headings, f"{page}: {target}: the headings are {', '.join(sorted(headings))}"


def test_every_page_is_reachable() -> None:
    reached: set[str] = set()
    waiting = ["README.md", "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page not in PAGES:
            continue
        reached.add(page)
        for target in links(PAGES[page]):
            path = target.partition("#")[0]
            if path and not re.match(r"[a-z]+:", path):
                file = ((REPOSITORY / page).parent / path).resolve()
                waiting.append(os.path.relpath(file, REPOSITORY))
    assert set(PAGES) - reached == set()


def test_every_image_is_shown() -> None:
    images = {path.resolve() for path in (REPOSITORY / "docs").rglob("*") if path.suffix in (".png", ".svg", ".jpg")}
    shown = {((REPOSITORY / page).parent / target).resolve() for page, text in PAGES.items() for target in links(text)}
    assert {path.name for path in images - shown} == set()
