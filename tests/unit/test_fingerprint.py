"""Fingerprints: when a stage has nothing to do, and the words for why it has."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline import fingerprint
from pipeline.workspace import open_workspace


def test_what_is_written_is_read_back_and_compares_equal(project: Path) -> None:
    objects = open_workspace().objects
    inputs = fingerprint.parts({"dates": (date(2013, 7, 1),), "versions": {"a": 3, "b": None}, "engine": "polars"})
    outputs = fingerprint.parts({"a": 4})
    assert fingerprint.read(objects, "ingest-openmeteo") is None
    fingerprint.write(objects, "ingest-openmeteo", inputs, outputs, "run-a")
    remembered = fingerprint.read(objects, "ingest-openmeteo")
    assert remembered == fingerprint.Remembered(inputs, outputs, "run-a")
    assert inputs == {"dates": ["2013-07-01"], "versions": {"a": 3, "b": None}, "engine": "polars"}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"inputs": 3}', b'{"inputs": {}, "outputs": {}}'])
def test_a_file_that_cannot_be_read_means_that_the_stage_runs(project: Path, content: bytes) -> None:
    objects = open_workspace().objects
    objects.put("_state/fingerprints/gold.json", content, "test")
    assert fingerprint.read(objects, "gold") is None


def test_long_lists_are_remembered_by_number_and_hash() -> None:
    loads = [f"load-{number}" for number in range(1000)]
    short = fingerprint.parts({"loads": loads})
    assert len(str(short)) < 120
    assert short == fingerprint.parts({"loads": tuple(loads)})
    assert short != fingerprint.parts({"loads": [*loads[:-1], "other"]})


def test_sets_are_compared_whatever_their_order() -> None:
    assert fingerprint.parts({"x": {"b", "a"}}) == fingerprint.parts({"x": ["a", "b"]})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (None, {}, ["has not succeeded yet"]),
        ({"a": 1}, {"a": 1}, []),
        ({"engine": "polars"}, {"engine": "duckdb"}, ["engine: polars -> duckdb"]),
        ({"code": "0" * 32}, {"code": "f" * 32}, ["code changed"]),
        ({"silver": {"t": 3, "u": 1}}, {"silver": {"t": 4, "u": 1}}, ["silver t: 3 -> 4"]),
        ({"silver": {"t": 3}}, {"silver": {"t": 3, "new_table": 1}}, ["silver new table: new"]),
        ({"run_dates": ["a"]}, {"run_dates": ["a", "b", "c"]}, ["run dates: 2 new"]),
        ({"run_dates": ["a", "b"]}, {"run_dates": ["c"]}, ["run dates: 1 new, 2 gone"]),
        ({"run_dates": ["a", "b"]}, {"run_dates": ["b", "a"]}, ["run dates: another order"]),
        ({"x": {"entries": 90, "hash": "a"}}, {"x": {"entries": 100, "hash": "b"}}, ["x: 10 more (90 -> 100)"]),
        ({"x": {"entries": 90, "hash": "a"}}, {"x": {"entries": 80, "hash": "b"}}, ["x: 10 fewer (90 -> 80)"]),
        ({"x": {"entries": 90, "hash": "a"}}, {"x": {"entries": 90, "hash": "b"}}, ["x: 90 entries, other ones"]),
        ({"x": ["a"]}, {"x": {"entries": 90, "hash": "b"}}, ["x: 89 more (1 -> 90)"]),
        ({"gone": 1}, {}, ["gone: gone"]),
        ({"x": "a" * 100 + "g"}, {"x": "b"}, [f"x: {'a' * 57}... -> b"]),
    ],
)
def test_what_changed_is_said_in_words(old: dict[str, object] | None, new: dict[str, object], words: list[str]) -> None:
    assert fingerprint.explain(old, new) == words


def test_the_code_hash_follows_content_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def computed(*parts: str) -> str:
        fingerprint.code_hash.cache_clear()
        return fingerprint.code_hash(*parts)

    monkeypatch.setattr(fingerprint, "__file__", str(tmp_path / "pipeline" / "fingerprint.py"))
    monkeypatch.setattr(fingerprint, "project_root", lambda: tmp_path)
    module = tmp_path / "lake" / "contract" / "model.py"
    module.parent.mkdir(parents=True)
    module.write_text("a = 1")
    model = tmp_path / "dbt" / "models" / "a.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1")
    first, of_dbt, of_contract = computed(), computed("dbt"), computed("lake/contract")
    for name in (
        "lake/contracts/t.odcs.yaml",
        "lake/__pycache__/m.py",
        "dbt/target/a.sql",
        "dbt/logs/a.sql",
        "lake/x.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not code, or counted elsewhere")
    module.touch()
    assert computed() == first
    module.write_text("a = 2")
    second = computed()
    assert second != first
    assert computed("dbt") == of_dbt
    assert computed("lake/contract") != of_contract
    model.write_text("select 2")
    assert computed() not in (first, second)
    assert computed("dbt") != of_dbt
    module.rename(module.with_name("renamed.py"))
    third = computed()
    module.with_name("renamed.py").rename(module)
    assert computed() != third
    fingerprint.code_hash.cache_clear()
