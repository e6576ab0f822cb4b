"""What dbt compiles for Snowflake, without an account and in both branches of incremental models, parses strictly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp

from pipeline.sql_lint import findings

REPOSITORY = Path(__file__).resolve().parents[2]
WORDS_AND_VALUES = re.compile(r"'[^']*'|[\w.]*\d[\w.]*|\b\w+_\w+\b|\"[^\"]*\"")
COMPILE = """
import sys
from pathlib import Path
from dbt.cli.main import dbtRunner

project, profiles, target, into = sys.argv[1:5]
where = ["--project-dir", project, "--profiles-dir", profiles, "--target", target, "--log-path", into + "/logs"]
quiet = ["--quiet", "--no-send-anonymous-usage-stats", "--log-level-file", "none"]
runner = dbtRunner(manifest=dbtRunner().invoke([*quiet, "parse", *where, "--target-path", into]).result)
offline = ["--no-introspect", "--no-populate-cache"]
for branch in ("false", "true"):
    command = [*quiet, "compile", *where, *offline, "--target-path", into + "/" + branch]
    outcome = runner.invoke([*command, "--vars", "{compile_incremental: %s, run_date: '2013-07-07'}" % branch])
    assert outcome.success, outcome.exception
hook = "{{ remove_vanished(ref('mart_weather_hourly'), ref('int_weather__hourly_joined'), ['location_id']) }}"
outcome = dbtRunner().invoke([*quiet, "compile", *where, *offline, "--target-path", into, "--inline", hook])
assert outcome.success, outcome.exception
Path(into, "hook.sql").write_text(outcome.result.results[0].node.compiled_code)
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: ``false`` and ``true`` hold the SQL of both branches, ``hook.sql`` a hook's."""
    into = tmp_path_factory.mktemp("compiled")
    folders = [str(REPOSITORY / "dbt"), str(REPOSITORY / "profiles")]
    # Nothing that could hold an account: of the profile's variables only those without a default, and not true.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    for name in ("MIRRORLAKE_SNOWFLAKE_ACCOUNT", "MIRRORLAKE_SNOWFLAKE_USER", "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY"):
        environment[name] = "none"
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMPILE, *folders, "prod", str(into)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return into


@pytest.fixture(scope="module")
def statements(compiled: Path) -> dict[str, str]:
    """All SQL, models, tests and the hook, by branch and name."""
    files = [path for path in compiled.glob("*/compiled/**/*.sql") if path.is_file()]
    found = {f"{path.relative_to(compiled).parts[0]}: {path.name}": path.read_text() for path in sorted(files)}
    return found | {"hook.sql": (compiled / "hook.sql").read_text()}


def test_every_statement_parses_strictly(statements: dict[str, str]) -> None:
    models = len(list((REPOSITORY / "dbt" / "models").rglob("*.sql")))
    assert len(statements) > 2 * models  # models and their tests, twice, and the hook
    for name, text in statements.items():
        parsed = sqlglot.parse(text, dialect="snowflake", error_level=sqlglot.ErrorLevel.RAISE)
        assert len(parsed) == 1, name
        assert parsed[0] is not None
        # A function that sqlglot does not know in Snowflake's dialect is a slip from DuckDB's.
        assert [str(function) for function in parsed[0].find_all(exp.Anonymous)] == [], name


def test_sqlfluff_parses_every_statement(statements: dict[str, str]) -> None:
    linter = Linter(config=FluffConfig(overrides={"dialect": "snowflake"}))
    # Generic tests are many and of few shapes: one of each shape will do.
    shapes = {WORDS_AND_VALUES.sub("x", text): name for name, text in statements.items()}
    for name in shapes.values():
        violations = linter.parse_string(statements[name], fname=name).violations
        assert violations == [], f"{name}: {violations}"


def test_both_branches_of_incremental_models_are_compiled(compiled: Path) -> None:
    full, increment = (
        next((compiled / branch).rglob("mart_weather_hourly.sql")).read_text().lower() for branch in ("false", "true")
    )
    assert "except" not in full
    assert "except" in increment
    for path in (compiled / "false" / "compiled").rglob("*.sql"):
        if path.name != "mart_weather_hourly.sql":
            assert path.read_text() == (compiled / "true" / path.relative_to(compiled / "false")).read_text()


def test_differences_of_dialect_stand_in_one_file() -> None:
    dialect = REPOSITORY / "dbt" / "macros" / "dialect.sql"
    words = re.compile(
        r"adapter\.dispatch|target\.type|duckdb__|snowflake__|regexp_|datediff|date_diff|convert_timezone"
    )
    files = [*(REPOSITORY / "dbt").glob("macros/**/*.sql"), *(REPOSITORY / "dbt").glob("models/**/*.sql")]
    guilty = [str(path) for path in files if path != dialect and words.search(path.read_text())]
    assert guilty == []
    text = dialect.read_text()
    macros = set(re.findall(r"macro (\w+?)\(", text))
    dispatched = {name for name in macros if "__" not in name}
    assert macros == dispatched | {f"{engine}__{name}" for engine in ("duckdb", "snowflake") for name in dispatched}


def test_every_division_is_guarded(statements: dict[str, str]) -> None:
    assert {name: found for name, text in statements.items() if (found := list(findings(text)))} == {}
    macro = (REPOSITORY / "dbt" / "macros" / "safe_divide.sql").read_text()
    assert "nullif(cast({{ divisor }} as double), 0)" in macro


def test_every_model_and_column_is_described() -> None:
    models = {path.stem for path in (REPOSITORY / "dbt" / "models").rglob("*.sql")}
    described = {}
    for path in (REPOSITORY / "dbt" / "models").rglob("_*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            described[model["name"]] = model
    assert set(described) == models
    for name, model in described.items():
        assert model["description"], name
        for column in model.get("columns", []):
            assert column["description"], f"{name}.{column['name']}"


def test_metrics_and_metric_marts_have_the_same_names() -> None:
    folder = REPOSITORY / "dbt" / "models" / "marts" / "weather"
    metrics = [metric["name"] for metric in yaml.safe_load((folder / "_weather__metrics.yml").read_text())["metrics"]]
    models = {model["name"]: model for model in yaml.safe_load((folder / "_weather__marts.yml").read_text())["models"]}
    for mart in ("mart_weather_metrics_daily", "mart_weather_metrics_monthly"):
        columns = [column["name"] for column in models[mart]["columns"]]
        assert columns[-len(metrics) :] == metrics


def test_the_project_ships_no_folder_that_dbt_itself_has() -> None:
    for name in ("adapters", "include", "__init__.py", "packages.yml", "dependencies.yml"):
        assert not (REPOSITORY / "dbt" / name).exists()
    assert (REPOSITORY / "dbt" / "profiles.yml").resolve() == REPOSITORY / "profiles" / "profiles.yml"
    assert (REPOSITORY / "dbt" / "profiles.yml").readlink() == Path("../profiles/profiles.yml")
