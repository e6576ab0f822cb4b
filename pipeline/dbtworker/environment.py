"""What profiles/profiles.yml reads, from the settings: the variables that the dbt process is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.settings.databases import SnowflakeSettings
    from pipeline.settings.model import Settings


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Variables by name; those with dbt's prefix for secrets never appear in its logs."""
    environment = {
        "MIRRORLAKE_WAREHOUSE_PATH": str(settings.warehouse.path),
        "MIRRORLAKE_DBT_THREADS": str(settings.dbt.threads),
    }
    return environment | (_snowflake(settings.snowflake) if settings.warehouse.backend == "snowflake" else {})


def _snowflake(account: SnowflakeSettings) -> dict[str, str]:
    from warehouse.warehouses.snowflake import KEY_PAIR, login_by, with_line_breaks

    has_key, has_token = account.private_key is not None, account.token is not None
    authenticator = login_by(account.authenticator, has_key=has_key, has_token=has_token)
    by_key = authenticator == KEY_PAIR
    plain = {
        "ACCOUNT": account.account,
        "HOST": account.host,
        "PORT": str(account.port) if account.host else None,
        "PROTOCOL": account.protocol if account.host else None,
        "USER": account.user,
        "ROLE": account.role,
        "WAREHOUSE": account.warehouse,
        "DATABASE": account.database,
        "AUTHENTICATOR": authenticator,
    }
    # Only what is logged in with: a secret that is given by name is looked up when it is revealed.
    secret = {
        "PRIVATE_KEY": account.private_key if by_key else None,
        "PRIVATE_KEY_PASSPHRASE": account.private_key_passphrase if by_key else None,
        "TOKEN": None if by_key else account.token,
    }
    found = {f"MIRRORLAKE_SNOWFLAKE_{name}": value for name, value in plain.items() if value}
    revealed = {name: value.reveal() for name, value in secret.items() if value}
    if by_key and "PRIVATE_KEY" in revealed:
        # Our own connection does this when it reads the key; dbt does not.
        revealed["PRIVATE_KEY"] = with_line_breaks(revealed["PRIVATE_KEY"])
    return found | {f"DBT_ENV_SECRET_SNOWFLAKE_{name}": value for name, value in revealed.items()}
