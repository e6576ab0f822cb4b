"""What tests need and a machine may lack: a test skips without it, but fails where all was just installed.

So it is where ``TESTS_NEED_ALL`` is set, as ``.ci/run`` does: there a skip would hide an installation that went wrong.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import NoReturn

import pytest

ALL = bool(os.environ.get("TESTS_NEED_ALL"))


def lacking(what: str) -> NoReturn:
    """End a test or fixture whose need is not met."""
    if ALL:
        pytest.fail(what)
    pytest.skip(what)


def module(name: str) -> ModuleType:
    """An installed library."""
    found: ModuleType = importlib.import_module(name) if ALL else pytest.importorskip(name)
    return found


def only_with(found: object, otherwise: str) -> pytest.MarkDecorator:
    """The mark of tests that skip where nothing was ``found``; where all is needed they run, and so fail."""
    return pytest.mark.skipif(not found and not ALL, reason=otherwise)
