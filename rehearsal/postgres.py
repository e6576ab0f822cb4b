"""PostgreSQL over the network, with TLS and a password, in place of RDS."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import ClassVar

from rehearsal.base import HOST, StandIn


class Postgres(StandIn):
    """``url`` logs in to the database ``staging``; its password is new at every start."""

    name: ClassVar[str] = "postgres"
    module: ClassVar[str] = "rehearsal.serve.postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.password = secrets.token_urlsafe(24)
        self._port = 0

    @property
    def url(self) -> str:
        """libpq's URL of the database ``staging``; TLS is required, and the server's certificate verified."""
        return self.url_of(self.facts["database"])

    @property
    def owner_url(self) -> str:
        """The same for the superuser, who may make databases: for setting things up."""
        password = (self.folder / "owner.password").read_text()
        return self.url_of("postgres", "postgres", password)

    @property
    def plain_url(self) -> str:
        """Without a word on TLS, for what refuses such a URL, and its test."""
        return self.url.partition("?")[0]

    def url_of(self, database: str, user: str = "", password: str = "") -> str:
        """The URL of any database."""
        who = f"{user or self.facts['user']}:{password or self.password}"
        tls = f"sslmode=verify-full&sslrootcert={self.facts['certificate']}"
        return f"postgresql://{who}@{HOST}:{self.port}/{database}?{tls}"

    def arguments(self) -> list[str]:
        """See ``StandIn.arguments``."""
        return [*super().arguments(), "--port", str(self._port)]

    def environment(self) -> dict[str, str]:
        """See ``StandIn.environment``."""
        return {"STANDIN_PASSWORD": self.password}

    def restart(self) -> None:
        """Stop it, which ends every session, and start it again on the same port."""
        self._port = self.port
        self.stop()
        self.start().wait()
