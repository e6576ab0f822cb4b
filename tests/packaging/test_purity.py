"""What the code may not do, by its syntax: one place reads the environment, one builds lake paths, one has columns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lake.contract.load import load_contracts

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("lake", "warehouse", "pipeline")
SOURCES = {
    path.relative_to(REPOSITORY).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for package in PACKAGES
    for path in sorted((REPOSITORY / package).rglob("*.py"))
}
# Each hands the environment on to a process or a library, and reads no setting from it.
HAND_ON = {
    "pipeline/quality/checks.py": "Great Expectations' analytics are switched off there",
    "pipeline/dbtworker/server.py": "its parent says what profiles.yml shall read",
    "pipeline/commands/dbt.py": "dbt, called by hand, inherits it",
    "pipeline/commands/dashboard.py": "the process of the dashboard inherits it",
    "lake/engines/spark_java.py": "the Java machine inherits it",
    "lake/engines/spark_session.py": "PySpark finds Java by a variable only",
    "pipeline/remote/job.py": "a job says where it unpacked its project, before settings are read",
}
# Waits until a Java machine is up; no row comes of it.
WAITS = "lake/engines/spark_java.py"
# Names of layers in texts that are no path: what they are instead.
NO_PATHS = {
    "lake/bronze_loads.py": "reads back what layout has built",
    "lake/silver/table.py": "the mark of a Delta transaction",
    "pipeline/commands/show.py": "how a user names a table",
    "pipeline/commands/reset.py": "sorts keys of a listing",
}
LAYERS = ("bronze", "silver", "gold", "quarantine", "_state", "_audit", "_refused")
# Where values of other shape get their columns' names, once.
NAMED_ONCE = {
    "pipeline/places/place.py": "a place becomes the attributes of a request",
    "pipeline/sources/openmeteo_parse.py": "attributes of a request become rows",
    "pipeline/sources/recorder.py": "a place becomes an entry of locations.json",
}


def places(path: str, kind: type[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(SOURCES[path]) if isinstance(node, kind))


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        return owner == "os" and node.attr in ("environ", "environb", "getenv", "putenv", "unsetenv")
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and bool({alias.name for alias in node.names} & {"environ", "getenv", "environb"})
    return False


def test_only_settings_read_the_environment() -> None:
    found = {path for path, tree in SOURCES.items() if any(map(reads_environment, ast.walk(tree)))}
    assert {path for path in found if not path.startswith("pipeline/settings")} == set(HAND_ON)
    dotenv = {path for path in SOURCES if "dotenv" in imported(path)}
    assert all(path.startswith("pipeline/settings") for path in dotenv)
    assert dotenv


def imported(path: str) -> set[str]:
    """Top-level packages that a file imports, wherever in it."""
    names = {alias.name for node in places(path, ast.Import) for alias in node.names}  # type: ignore[attr-defined]
    names |= {node.module or "" for node in places(path, ast.ImportFrom)}  # type: ignore[attr-defined]
    return {name.split(".")[0] for name in names}


def at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every node that runs when a module is imported."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(statement, ast.ClassDef):
            yield from at_import(statement.body)
            continue
        yield from ast.walk(statement)


def test_importing_reads_no_setting_and_opens_nothing() -> None:
    opening = {"load_settings", "open_workspace", "project_root", "load_contracts", "discover", "open", "connect"}
    for path, tree in SOURCES.items():
        nodes = list(at_import(tree.body))
        calls = {
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in nodes
            if isinstance(node, ast.Call)
        }
        assert not calls & opening, path
        assert not any(map(reads_environment, nodes)), path


def test_only_layout_builds_lake_paths() -> None:
    found = {
        path
        for path in SOURCES
        for node in places(path, ast.Constant)
        if isinstance(node.value, str)  # type: ignore[attr-defined]
        and node.value.startswith(tuple(f"{layer}/" for layer in LAYERS))  # type: ignore[attr-defined]
    }
    assert found - {"lake/layout.py"} <= set(NO_PATHS)


def test_no_column_list_stands_beside_the_contract() -> None:
    """A heuristic: texts that together name most columns of a table. A transformation selects, which is its work."""
    tables = {name: set(contract.column_names) for name, contract in load_contracts().items()}
    found = set()
    for path in SOURCES:
        for node in ast.walk(SOURCES[path]):
            named = set(texts(node))
            if any(len(named & columns) >= max(5, 0.6 * len(columns)) for columns in tables.values()):
                found.add(path)
    assert {path for path in found if not path.startswith("lake/transforms/")} == set(NAMED_ONCE)


def texts(node: ast.AST) -> list[str]:
    """The texts of a literal list, tuple, set, or call, and of the keys of a dict."""
    parts: list[ast.expr | None] = []
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        parts = list(node.elts)
    elif isinstance(node, ast.Dict):
        parts = list(node.keys)
    elif isinstance(node, ast.Call):
        parts = list(node.args)
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def test_transformations_and_the_gate_read_no_clock_and_throw_no_dice() -> None:
    clocks = {"now", "today", "utcnow", "current_timestamp"}
    for path in SOURCES:
        if path.startswith(("lake/transforms/", "lake/gate", "lake/engines/", "lake/merge")):
            attributes = {node.attr for node in places(path, ast.Attribute)}  # type: ignore[attr-defined]
            assert not attributes & clocks, path
            dice = {"random", "uuid", "secrets"} if path == WAITS else {"time", "random", "uuid", "secrets"}
            assert not imported(path) & dice, path


def test_printing_is_left_to_commands() -> None:
    speaking = {
        path
        for path in SOURCES
        for node in places(path, ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "print"  # type: ignore[attr-defined]
    }
    assert not {path for path in speaking if path.startswith(("lake/", "warehouse/"))}


@pytest.mark.parametrize("folder", ["dbt", "airflow", "spark", "samples", "profiles"])
def test_folders_named_like_packages_are_none(folder: str) -> None:
    assert not (REPOSITORY / folder / "__init__.py").exists()
    assert not {"adapters", "include"} & {path.name for path in (REPOSITORY / folder).glob("*")}
