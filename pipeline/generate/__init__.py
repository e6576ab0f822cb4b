"""What is generated from the contracts and committed: SQL for Postgres and Snowflake, dbt's sources, documentation.

CI runs the check; a file that is not in step with its contract fails it. Nothing here is edited by hand.
"""

from __future__ import annotations

from pathlib import Path

from lake.contract.load import load_contracts
from lake.contract.model import Contracts
from lake.errors import StorageError

COMMAND = "python -m pipeline.generate"


def render_all(contracts: Contracts) -> dict[str, str]:
    """Every generated file: its path from the project's root, with ``/``, and its text."""
    from pipeline.generate.dbt_sources import dbt_sources
    from pipeline.generate.documentation import documentation
    from pipeline.generate.postgres import create_tables, star_schema
    from pipeline.generate.snowflake import copy_into, validation

    return {
        **dbt_sources(contracts),
        "docs/contracts.md": documentation(contracts),
        "warehouse/postgres/01_create_tables.sql": create_tables(contracts),
        "warehouse/postgres/02_star_schema.sql": star_schema(contracts),
        "warehouse/snowflake/03_copy_into.sql": copy_into(contracts),
        "warehouse/snowflake/04_validation.sql": validation(contracts),
    }


def generate_all(root: Path, check: bool, contracts: Contracts | None = None, *, only: str | None = None) -> list[Path]:
    """The generated files under ``root`` (or ``only`` that one) that were not in step; written unless ``check``."""
    stale: list[Path] = []
    for name, text in render_all(contracts or load_contracts()).items():
        path = root / name
        if only not in (None, name):
            continue
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not check:
            _write(path, text)
    return stale


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write what is generated: {error.strerror}", where=str(path), fix="mend rights or space"
        ) from error
