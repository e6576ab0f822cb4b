"""A conditional write that was refused, by what lies there afterwards: its own, another's, or nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, PreconditionError

from lake.storage import conditional
from lake.storage.faults import storage_error


class Bucket:
    """Answers each PUT by the next of ``refusals`` (None: it lands)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *refusals: Exception | None, mark: str | None = None) -> None:
        self.refusals, self.mark, self.puts = list(refusals), mark, 0
        monkeypatch.setattr(obstore, "put", self.put)
        monkeypatch.setattr(obstore, "get", self.get)

    def put(self, _store: Any, _key: str, _data: bytes, **options: Any) -> None:
        self.puts += 1
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None:
            raise refusal
        self.mark = options["attributes"][conditional.MARK]

    def get(self, _store: Any, key: str) -> Any:
        if self.mark is None:
            raise FileNotFoundError(key)
        return SimpleNamespace(attributes={conditional.MARK: self.mark})


def test_a_write_that_is_told_to_come_again_does(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(monkeypatch, AlreadyExistsError("409"), AlreadyExistsError("409"))
    assert conditional.write(None, "k", b"", "create", 5.0) is True
    assert bucket.puts == 3


def test_one_that_never_gets_through_is_no_lost_race(monkeypatch: pytest.MonkeyPatch) -> None:
    Bucket(monkeypatch, *[AlreadyExistsError("409")] * 100)
    with pytest.raises(conditional.ConflictError) as caught:
        conditional.write(None, "k", b"", "create", 0.3)
    assert "by others all the time" in str(storage_error(caught.value, "s3://b/k", "write"))


def test_a_lost_race_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(monkeypatch, AlreadyExistsError("412"), mark="another's")
    assert conditional.write(None, "k", b"", "create", 5.0) is False
    assert bucket.puts == 1
    gone = Bucket(monkeypatch, PreconditionError("412"))
    assert conditional.write(None, "k", b"", {"e_tag": "t"}, 5.0) is False
    assert gone.puts == 1
