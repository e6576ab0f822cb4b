"""DuckDB: published files in a folder, of which a pointer names the current one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from dashboard.backends import SupersededError, Version
from lake.errors import DamagedError
from pipeline.settings import Settings
from warehouse import duck, pointer
from warehouse.publish import MARTS, lock, published_path

REPAIR = "publish again: mirrorlake run --force"


def place(settings: Settings) -> str:
    """The folder of the published files."""
    return str(settings.publish.folder)


def current(settings: Settings) -> Version | None:
    """What the pointer names; DamagedError where pointer or file is broken."""
    folder = settings.publish.folder
    published_path(folder)  # says so where the file that is pointed to is gone
    entry = pointer.details(folder)
    if entry is None:
        return None
    stale = entry.get("stale")
    reasons = tuple(str(reason) for reason in stale) if isinstance(stale, list) else ()
    try:
        published_at = datetime.fromisoformat(str(entry["published_at"]))
    except (KeyError, ValueError):
        where = str(folder / pointer.NAME)
        raise DamagedError("the pointer does not say when it was published", where=where, fix=REPAIR) from None
    return Version(str(entry["file"]), published_at, reasons)


def ask(settings: Settings, version: Version, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
    """Open exactly the file of that version: what else is published meanwhile never mixes in."""
    path = settings.publish.folder / version.name
    try:
        with duck.explained(path), duck.memory() as connection:
            connection.execute(f"ATTACH {duck.literal(str(path))} AS published (READ_ONLY)")
            connection.execute(f"SET search_path = 'published.{MARTS},published.main'")
            lock(connection)
            return connection.execute(sql, list(parameters)).df()
    except DamagedError as error:
        raise DamagedError(error.what, where=error.where, fix=error.fix or REPAIR) from error
    except Exception:
        if not path.exists():
            _explain_missing(settings, version)
        raise


def _explain_missing(settings: Settings, version: Version) -> None:
    entry = pointer.details(settings.publish.folder)
    if entry is None or entry["file"] != version.name:
        raise SupersededError(version.name) from None
    where = str(settings.publish.folder / version.name)
    raise DamagedError("the published file is gone", where=where, fix=REPAIR) from None
