"""Setting up an account, once: what things are called in it, and whether it was done."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lake.errors import ConfigError, MirrorlakeError, StorageError
from warehouse import snowflake_sql as sql
from warehouse.backends.base import Rows
from warehouse.warehouses._snowflake_account import Account
from warehouse.warehouses._snowflake_session import Session

_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+\Z", re.ASCII)


@dataclass(frozen=True)
class Names:
    """What things are called in the account, where the lake lies (``s3://bucket/prefix``), how people set it up."""

    lake: str
    reader_role: str
    integration: str
    storage_role: str
    setup_role: str
    setup: str = "mirrorlake warehouse --setup"


def setup_names(account: Account, names: Names) -> dict[str, object]:
    """What 00_setup.sql is filled with; ConfigError for a name that Snowflake could not have."""
    words = {
        "setup_role": names.setup_role,
        "warehouse": account.warehouse,
        "database": account.database,
        "role": account.role,
        "reader_role": names.reader_role,
        "user": account.user,
        "integration": names.integration,
    }
    checked = {word: sql.identifier(name, f"snowflake.{word}") for word, name in words.items()}
    return {
        **checked,
        "statement_seconds": account.statement_seconds,
        "storage_role": _storage_role(names.storage_role),
        "lake": names.lake.rstrip("/").replace("'", ""),
    }


def _storage_role(arn: str) -> str:
    """The ARN by which Snowflake reads the lake, fit for a literal."""
    if not _ARN.match(arn):
        raise ConfigError(
            f"{arn!r} is no ARN of a role of AWS, by which Snowflake could read the lake"
            if arn
            else "not set: the role of AWS by which Snowflake reads the lake",
            where="snowflake.storage_role",
            fix="set MIRRORLAKE_SNOWFLAKE_STORAGE_ROLE: terraform -chdir=infra output -raw variables shows it",
        )
    return arn


def require_setup(session: Session, database: str, place: str, names: Names) -> None:
    """ConfigError where 00_setup.sql has not been run, or its schemas are not this role's to see."""
    try:
        found = session.execute(f"SHOW SCHEMAS IN DATABASE {database}")
    except StorageError:
        raise
    except MirrorlakeError as error:
        found, said = Rows(("name",), []), f" ({error.what})"
    else:
        said = ""
    name = found.columns.index("name")
    lacking = {"LANDING", "RAW", "MARTS", "PUBLISHED"} - {str(row[name]) for row in found.rows}
    if lacking:
        raise ConfigError(
            f"the account is not set up: no schema {', '.join(sorted(lacking)).lower()}{said}",
            where=place,
            fix=f"run 00_setup.sql once: {names.setup}, in an account --as a user with the role "
            f"{names.setup_role} (--print-setup shows it)",
        )
