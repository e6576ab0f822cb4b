"""fakesnow rewrites a statement in some seventy steps and copies it whole for each: here they share one copy.

Half of a small statement's time, and nine tenths of a big MERGE's, went into those copies.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

_here = threading.local()
_copying: Callable[..., Any] = exp.Expression.transform


def install() -> None:
    """Let trees be changed in place where ``in_place`` says so."""
    exp.Expression.transform = _transform  # type: ignore[method-assign, assignment]


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """In this thread, for trees that nobody else holds."""
    _here.changes = True
    try:
        yield
    finally:
        _here.changes = False


def _transform(tree: Any, function: Any, *arguments: Any, copy: bool = True, **named: Any) -> Any:
    return _copying(tree, function, *arguments, copy=copy and not getattr(_here, "changes", False), **named)
