# Needs only `uv` and `just` (pip install uv rust-just). Everything else is installed from locks/ into .venv, once.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

python := ".venv/bin/python"
mirrorlake := ".venv/bin/mirrorlake"
extras := "--extra places --extra postgres --extra dbt --extra snowflake --extra quality --extra dashboard"
cloud := "--extra aws --extra spark --group rehearsal"
compile := "uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header"

# List the recipes.
[private]
default:
    @"{{ just_executable() }}" --list --unsorted

# Set up, then run a week of real weather end to end; arguments go to `mirrorlake run`.
[no-exit-message]
dev-run *arguments: (_environment "run")
    @{{ mirrorlake }} run "$@"

# Set up, then every static check and every test; with arguments only those (just test tests/unit -k lease).
test *arguments: (_environment "test") _standins _airflow
    @if [ $# -eq 0 ]; then "{{ just_executable() }}" check _covered; else {{ python }} -m pytest "$@"; fi

# About a minute: break a row, see it quarantined, fix it, replay it.
[no-exit-message]
tour: (_environment "run")
    @{{ mirrorlake }} tour

# Run production's path against stand-ins on this machine, then compare every table with dev; --keep leaves them up.
[no-exit-message]
rehearse *arguments: (_environment "rehearsal") _standins
    @{{ python }} -m rehearsal "$@"

# Open the dashboard on what was published.
[no-exit-message]
dashboard *arguments: (_environment "run")
    @{{ mirrorlake }} dashboard "$@"

# Install what running needs into .venv (nothing happens if it is there).
setup: (_environment "run")

# Every static check: lint, types, generated files, SQL, dbt on both targets.
check: lint types generated sql

# Style, formatting, and the order of imports between packages.
lint: (_environment "test")
    .venv/bin/ruff check
    .venv/bin/ruff format --check
    .venv/bin/lint-imports --no-logo

# Strict types.
types: (_environment "test")
    .venv/bin/mypy

# Whether the files that are generated from contracts are in step with them.
generated: (_environment "test")
    {{ python }} -m pipeline.generate --check

# Compile dbt for both targets without an account, then lint the SQL of both dialects.
sql: (_environment "test")
    #!/usr/bin/env bash
    set -euo pipefail
    built=$(mktemp -d)
    trap 'rm -rf "$built"' EXIT
    export MIRRORLAKE_WAREHOUSE_PATH=:memory: PYTHONWARNINGS=ignore
    compile() {
        echo "dbt compile: $1"
        .venv/bin/dbt --quiet compile --project-dir dbt --profiles-dir profiles --log-path "$built/logs" \
            --target-path "$built/$1" "${@:2}" > "$built/said" || { cat "$built/said"; return 1; }
    }
    lint() { .venv/bin/sqlfluff lint --disable-progress-bar --processes 2 "$@"; }
    compile dev --target dev
    # In place of an account's: compiling asks nobody, but the profile wants values.
    export MIRRORLAKE_SNOWFLAKE_ACCOUNT=none MIRRORLAKE_SNOWFLAKE_USER=none DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY=none
    # Without an account nothing can be asked, so each branch of the incremental models is compiled by its own.
    for branch in false true; do
        compile "prod-incremental-$branch" --target prod --no-introspect --no-populate-cache \
            --vars "{compile_incremental: $branch}"
    done
    lint dbt/models
    compiled() { find "$built" -path '*/prod-*/compiled/mirrorlake/models/*' -name '*.sql' -not -path '*.yml/*' -print0; }
    compiled | xargs -0 {{ python }} -m pipeline.sql_lint --filled "$built/snowflake"
    find "$built/snowflake" -name '*.sql' -print0 | sort -z | cat - <(compiled) |
        xargs -0 .venv/bin/sqlfluff lint --disable-progress-bar --processes 2 --dialect snowflake --templater raw --rules convention
    for dialect in duckdb postgres snowflake; do
        lint --dialect "$dialect" --templater raw --rules convention warehouse/queries
    done
    lint --dialect postgres --templater raw --rules convention warehouse/postgres

# Check the cloud's resources and the containers (Terraform, checkov, hadolint, compose), without account or daemon.
infra: (_apart "infra")
    infra/check.sh

# Kill a run before and after every one of its writes, recover, compare.
drill *arguments: (_environment "test")
    {{ python }} -m tests.drill "$@"

# Measure speed and peak memory; writes benchmarks/README.md.
bench *arguments: (_environment "test") _rivals
    {{ python }} -m benchmarks "$@"

# Airflow's page, scheduler and all on this machine, with the DAG of one environment (just airflow --env rehearsal).
[no-exit-message]
airflow *arguments: (_environment "run") _airflow
    @{{ python }} airflow/serve.py "$@"

# Let Airflow run the graph: by schedule, by hand, as a backfill, through faults; writes down in docs/airflow.md what came.
airflow-drill *arguments: (_environment "test") _airflow
    {{ python }} airflow/drill.py "$@"

# Take the pictures of docs/images with a real Chromium.
screenshots: (_environment "test")
    {{ python }} -m tests.screenshots

# Resolve the dependencies again: locks/run.txt, the larger ones with the same versions, and those of other environments.
lock:
    {{ compile }} {{ extras }} pyproject.toml -o locks/run.txt
    {{ compile }} {{ extras }} {{ cloud }} -c locks/run.txt pyproject.toml -o locks/rehearsal.txt
    {{ compile }} {{ extras }} {{ cloud }} --group test -c locks/rehearsal.txt pyproject.toml -o locks/test.txt
    {{ compile }} {{ extras }} --extra aws -c locks/test.txt pyproject.toml -o locks/image.txt
    {{ compile }} rehearsal/requirements.txt -o locks/standins.txt
    {{ compile }} airflow/requirements.txt -o locks/airflow.txt
    {{ compile }} infra/requirements.txt -o locks/infra.txt

# What continuous integration does; meant for a fresh clone.
ci:
    .ci/run

# Remove what can be made again: the data of dev, caches, build results. Keeps .venv.
clean:
    rm -rf data/dev dbt/target dbt/logs dist htmlcov .coverage .coverage.*
    rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

_covered:
    {{ python }} -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=85

# PySpark and dlt are measured where they can be installed, and left out where not.
_rivals:
    #!/usr/bin/env bash
    set -euo pipefail
    wanted=$(cksum < benchmarks/requirements-rivals.txt)
    if [ "$(cat .venvs/rivals/stamp 2>/dev/null)" = "$wanted" ]; then exit 0; fi
    [ -x .venvs/rivals/bin/python ] || uv venv --quiet --python 3.11 .venvs/rivals
    echo "installing benchmarks/requirements-rivals.txt into .venvs/rivals" >&2
    if uv pip install --quiet --python .venvs/rivals/bin/python -r benchmarks/requirements-rivals.txt; then
        echo "$wanted" > .venvs/rivals/stamp
    else
        echo "PySpark and dlt could not be installed; benchmarks/rivals.py leaves them out" >&2
    fi

# The stand-ins' own environment, .venvs/standins: they need an older DuckDB than we do.
_standins: (_apart "standins")

# Airflow's own environment, .venvs/airflow.
_airflow: (_apart "airflow")

_apart name:
    #!/usr/bin/env bash
    set -euo pipefail
    folder=".venvs/{{ name }}" lock="locks/{{ name }}.txt"
    wanted=$(cksum < "$lock")
    if [ "$(cat "$folder/stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
    [ -x "$folder/bin/python" ] || uv venv --quiet --python 3.11 "$folder"
    rm -f "$folder/stamp"
    echo "installing $lock into $folder" >&2
    uv pip sync --quiet --python "$folder/bin/python" --compile-bytecode --require-hashes "$lock"
    echo "$wanted" > "$folder/stamp"

# The stamps tell what lies in .venv. Each lock holds the one before it with the same versions: run, rehearsal, test.
_environment lock:
    #!/usr/bin/env bash
    set -euo pipefail
    stamp() { cat "locks/$1.txt" pyproject.toml | cksum; }
    is_current() { [ "$(cat ".venv/$1.stamp" 2>/dev/null)" = "$(stamp "$1")" ]; }
    if is_current test || { [ "{{ lock }}" != test ] && is_current rehearsal; } || is_current "{{ lock }}"; then exit 0; fi
    [ -x {{ python }} ] || uv venv --quiet --python 3.11 .venv
    rm -f .venv/run.stamp .venv/rehearsal.stamp .venv/test.stamp
    echo "installing locks/{{ lock }}.txt into .venv" >&2
    uv pip sync --quiet --python {{ python }} --compile-bytecode --require-hashes "locks/{{ lock }}.txt"
    uv pip install --quiet --python {{ python }} --no-deps -e .
    stamp "{{ lock }}" > ".venv/{{ lock }}.stamp"
