"""docs/configuration.md names every setting with its built-in default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.settings.model import Settings
from pipeline.settings.values import Leaf, leaves

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def shown(leaf: Leaf) -> str:
    if leaf.default is None:
        return ""
    if isinstance(leaf.default, bool):
        return str(leaf.default).lower()
    if isinstance(leaf.default, tuple):
        return ", ".join(leaf.default)
    return f"`{leaf.default}`"


def test_the_table_has_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) ?\| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {key: default for key, default, _ in rows} == {key: shown(leaf) for key, leaf in leaves(Settings).items()}
    assert [key for key, _, _ in rows] == list(leaves(Settings))
