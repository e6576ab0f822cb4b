"""The dbt process's own parts that need no dbt: requests and their end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from pipeline.dbtworker.server import Requests


@contextmanager
def pipe() -> Iterator[tuple[Requests, IO[str], threading.Event]]:
    reading, writing = os.pipe()
    left = threading.Event()
    with os.fdopen(reading, "r") as source, os.fdopen(writing, "w") as sink:
        yield Requests(source, lambda code: left.set()), sink, left


def test_lines_then_the_end_while_nobody_works() -> None:
    with pipe() as (requests, sink, left):
        sink.write("one\ntwo\n")
        sink.flush()
        assert requests() == "one\n"
        assert requests() == "two\n"
        threading.Timer(0.05, sink.close).start()
        assert requests() is None
        assert not left.is_set()


def test_the_end_during_work_ends_the_process() -> None:
    with pipe() as (requests, sink, left):
        sink.write("one\n")
        sink.flush()
        assert requests() == "one\n"
        assert not left.is_set()
        sink.close()
        assert left.wait(5)


def test_the_end_before_work_began_ends_the_process() -> None:
    with pipe() as (_requests, sink, left):
        sink.write("one\n")
        sink.close()
        assert left.wait(5)
