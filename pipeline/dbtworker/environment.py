"""What profiles/profiles.yml reads, from the settings: the variables that the dbt process is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.settings_model import Settings, SnowflakeSettings


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Variables by name; those with dbt's prefix for secrets never appear in its logs."""
    environment = {
        "MIRRORLAKE_WAREHOUSE_PATH": str(settings.warehouse.path),
        "MIRRORLAKE_DBT_THREADS": str(settings.dbt.threads),
    }
    return environment | (_snowflake(settings.snowflake) if settings.warehouse.backend == "snowflake" else {})


def _snowflake(account: SnowflakeSettings) -> dict[str, str]:
    plain = {
        "ACCOUNT": account.account,
        "HOST": account.host,
        "PORT": str(account.port) if account.host else None,
        "PROTOCOL": account.protocol if account.host else None,
        "USER": account.user,
        "ROLE": account.role,
        "WAREHOUSE": account.warehouse,
        "DATABASE": account.database,
    }
    secret = {
        "PRIVATE_KEY": account.private_key,
        "PRIVATE_KEY_PASSPHRASE": account.private_key_passphrase,
        "TOKEN": account.token,
    }
    if account.private_key is None and account.token is not None:
        plain["AUTHENTICATOR"] = "programmatic_access_token"
    found = {f"MIRRORLAKE_SNOWFLAKE_{name}": value for name, value in plain.items() if value}
    return found | {f"DBT_ENV_SECRET_SNOWFLAKE_{name}": value.reveal() for name, value in secret.items() if value}
