"""Every commit point of the platform passes through here: the place that logs what was written.

A commit point is the instant at which something becomes visible: a create-only object, a Delta commit, a
transaction, a rename. ``committing(site, path)`` stands around exactly that call. Observers see each of them
twice, before and after, which is how the crash drill numbers them and kills the process at any one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Moment = Literal["before", "after"]
Observer = Callable[[Moment, str, str], None]

_observers: list[Observer] = []


def observe(observer: Observer) -> Callable[[], None]:
    """Call ``observer(moment, site, path)`` around every commit point; returns the function that stops it."""
    _observers.append(observer)

    def stop() -> None:
        with suppress(ValueError):  # stopped already
            _observers.remove(observer)

    return stop


@contextmanager
def committing(site: str, path: str) -> Iterator[None]:
    """Stand around one commit point.

    ``site`` names the kind of write by a constant dotted word (``bronze.manifest``, ``silver.merge``,
    ``publish.pointer``); ``path`` is what becomes visible. A failure inside passes through unobserved.
    """
    for observer in tuple(_observers):
        observer("before", site, path)
    yield
    for observer in tuple(_observers):
        observer("after", site, path)
