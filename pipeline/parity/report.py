"""The comparison written down: as JSON for programs, as an HTML page for people (see ``page``)."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from lake.errors import StorageError
from pipeline.parity.model import Parity, text
from pipeline.parity.page import as_html


def write_report(parity: Parity, folder: Path, tables: Collection[str] = ()) -> dict[str, Path]:
    """Write both forms into ``folder``; gives their paths by form. The same comparison again replaces them, no other.

    ``tables`` are those that were asked for, if not all were.
    """
    days = "-".join(dict.fromkeys(map(str, parity.days))) if parity.days else ""
    name = "-".join(filter(None, [*map(_file_name, (parity.left, parity.right)), days, _digest(parity, tables)]))
    texts = {"json": as_json(parity), "html": as_html(parity)}
    paths = {form: folder / f"{name}.{form}" for form in texts}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for form, path in paths.items():
            half = path.with_name(f".{path.name}.new")
            half.write_text(texts[form], encoding="utf-8")
            half.replace(path)
    except OSError as error:
        raise StorageError(
            f"the report cannot be written: {error.strerror or error}",
            where=str(error.filename or folder),
            fix="set parity.folder to another folder",
        ) from None
    return paths


def _digest(parity: Parity, tables: Collection[str]) -> str:
    """What the short names do not tell, in a few signs: whole folders, and tables. Empty where there is no more."""
    if not tables and "=" not in parity.left + parity.right:
        return ""
    told = json.dumps([parity.left, parity.right, sorted(set(tables))])
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _file_name(side: str) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in side.rpartition("/")[2] or side).strip("_")


def as_json(parity: Parity) -> str:
    """All of it; ``equal`` says the verdict. Numbers that JSON has not (infinity) are texts."""
    document = {"equal": parity.is_equal, "summary": parity.summary, **asdict(parity)}
    return json.dumps(_plain(document), indent=1, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return text(value)
