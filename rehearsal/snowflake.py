"""Snowflake: fakesnow's server (DuckDB below Snowflake's protocol), with a shim for what it lacks or gets wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from rehearsal.base import HOST, StandIn
from rehearsal.keys import key_pair

ACCOUNT = "REHEARSAL"
USER = "MIRRORLAKE_LOADER"


class Snowflake(StandIn):
    """``private_key`` (PEM) logs in ``USER``. ``s3`` is how stages are read: endpoint, key id and secret."""

    name: ClassVar[str] = "snowflake"
    module: ClassVar[str] = "rehearsal.serve.snowflake"

    def __init__(self, folder: Path, s3: tuple[str, str, str] | None = None) -> None:
        super().__init__(folder)
        self.private_key, self.public_key = key_pair()
        self.s3 = s3

    @property
    def statements(self) -> Path:
        """JSON lines: the statements about the account that were recorded, and not carried out."""
        return self.folder / "account_statements.jsonl"

    def environment(self) -> dict[str, str]:
        """See ``StandIn.environment``."""
        told = {"account": ACCOUNT, "users": {USER: self.public_key}, "s3": self.s3}
        return {"STANDIN_SNOWFLAKE": json.dumps(told)}

    def variables(self) -> dict[str, str]:
        """The settings that lead to it."""
        return {
            "MIRRORLAKE_SNOWFLAKE_HOST": HOST,
            "MIRRORLAKE_SNOWFLAKE_PORT": str(self.port),
            "MIRRORLAKE_SNOWFLAKE_PROTOCOL": "http",
        }
