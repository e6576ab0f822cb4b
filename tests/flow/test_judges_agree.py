"""All judges of one contract say the same of the same rows: gate, database, Great Expectations and dbt.

What they must agree on is the plain reading of the contract (``lake.contract.polars_rules``). Type faults are the
gate's alone, since every other judge sees typed columns; rules of severity ``warn`` are never constraints; references
are the business of the databases and of dbt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from judged_rows import ROW, Fed, feed
from judges import (
    CompiledTest,
    DuckDbJudge,
    PostgresJudge,
    by_gate,
    by_great_expectations,
    make_raw,
    opened,
    reference_name,
)

from lake.contract.load import load_contracts
from lake.contract.relations import parents_first
from pipeline.dbtworker.result import DbtResult, DbtTest
from pipeline.dbtworker.worker import DbtWorker
from pipeline.generate.dbt_sources import test_name as dbt_test_name
from pipeline.quality import checks

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACTS = load_contracts()
WAREHOUSE = [name for name, contract in CONTRACTS.items() if contract.warehouse]
REFERRING = [name for name in WAREHOUSE if CONTRACTS[name].references]
EVERY_ROW = 1_000_000


@pytest.fixture(scope="module")
def fed() -> dict[str, Fed]:
    return feed(CONTRACTS)


@pytest.mark.parametrize("table", CONTRACTS)
def test_every_rule_is_kept_by_most_rows_and_broken_by_some(table: str, fed: dict[str, Fed]) -> None:
    """Otherwise agreement would mean little."""
    one = fed[table]
    assert all(0 < len(rows) < len(one.frame) / 2 for rows in one.broken.values()), one.broken
    assert one.broken["key"] == {len(one.frame) - 2, len(one.frame) - 1}
    alone = {rule for rules in one.refused.values() if len(rules) == 1 for rule in rules}
    rules = CONTRACTS[table].rules
    tied = {name for rule in rules if rule.kind == "expression" for name in rule.columns}
    assert {rule.name for rule in rules if rule.severity == "error" and not tied & set(rule.columns)} <= alone
    assert len(alone) > len(rules) * 0.7, {rule.name for rule in rules} - alone


@pytest.mark.parametrize("table", CONTRACTS)
def test_the_gate(table: str, fed: dict[str, Fed]) -> None:
    assert by_gate(fed[table]) == fed[table].broken


@pytest.fixture(scope="module")
def checker() -> checks.Checker:
    return checks.Checker()


@pytest.mark.parametrize("table", CONTRACTS)
def test_great_expectations(
    table: str, fed: dict[str, Fed], checker: checks.Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "EXAMPLES", EVERY_ROW)
    formatted = checks._result_format
    monkeypatch.setattr(checks, "_result_format", lambda *a: formatted(*a) | {"unexpected_index_column_names": [ROW]})
    assert by_great_expectations(checker, fed[table], tmp_path) == fed[table].broken


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, fed: dict[str, Fed]) -> Iterator[DuckDbJudge | PostgresJudge]:
    judge = PostgresJudge(request.getfixturevalue("postgres_url")) if request.param == "postgres" else DuckDbJudge()
    for contract in CONTRACTS.values():
        judge.create(contract, references=False)
    yield judge
    judge.close()


@pytest.mark.parametrize("table", CONTRACTS)
def test_constraints(table: str, fed: dict[str, Fed], database: DuckDbJudge | PostgresJudge) -> None:
    one = fed[table]
    for row, said in enumerate(database.refusals(one.contract, one.frame)):
        expected = one.refused.get(row, set())
        assert bool(said) == bool(expected), (one.frame.row(row, named=True), said, expected)
        assert not said or said in expected, (one.frame.row(row, named=True), said, expected)
    assert database.together(one.contract, one.frame[sorted(one.broken["key"])]) == "key"
    clean = sorted(set(range(len(one.frame) - 1)) - set(one.refused))
    assert database.together(one.contract, one.frame[clean]) == ""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, fed: dict[str, Fed]) -> Path:
    folder = tmp_path_factory.mktemp("judges")
    make_raw(folder / "warehouse.duckdb", {table: fed[table] for table in WAREHOUSE})
    return folder


@pytest.fixture(scope="module")
def built(place: Path) -> DbtResult:
    environment = {"MIRRORLAKE_WAREHOUSE_PATH": str(place / "warehouse.duckdb")}
    folders = REPOSITORY / "dbt", place / "state"
    with DbtWorker(*folders, profiles=REPOSITORY / "profiles", environment=environment) as worker:
        return worker.build(select=["tag:contract"])


def compiled(place: Path, name: str) -> str:
    (path,) = (place / "state" / "target" / "compiled").rglob(f"{name}.sql")
    return path.read_text(encoding="utf-8")


def shared_tests(one: Fed) -> dict[str, set[int]]:
    """The dbt tests of a table and the rows that should fail each: a minimum and a maximum share one."""
    found: dict[str, set[int]] = {}
    for rule, rows in one.broken.items():
        found.setdefault(dbt_test_name(one.contract, rule), set()).update(rows)
    return found


@pytest.mark.parametrize("table", WAREHOUSE)
def test_dbt_counts_the_rows(table: str, fed: dict[str, Fed], built: DbtResult) -> None:
    one, tests = fed[table], {test.name: test for test in built.tests}
    severities = {dbt_test_name(one.contract, rule): rule.severity for rule in one.contract.rules}
    for name, rows in shared_tests(one).items():
        test = tests[name]
        assert test.status == ("warn" if severities.get(name) == "warn" else "fail"), test
        assert test.failing_rows == expected_count(one, test, rows), test


def expected_count(one: Fed, test: DbtTest, rows: set[int]) -> int:
    """dbt counts wrong values and doubled keys once each."""
    if test.rule == "accepted_values":
        return one.frame[sorted(rows)][test.column].n_unique()
    return 1 if test.rule in ("unique", "unique_combination") else len(rows)


@pytest.mark.parametrize("table", WAREHOUSE)
def test_dbt_names_the_rows(table: str, fed: dict[str, Fed], place: Path, built: DbtResult) -> None:
    one, everything = fed[table], set(range(len(fed[table].frame)))
    with opened(place / "warehouse.duckdb") as connection:
        for name, rows in shared_tests(one).items():
            test = CompiledTest(connection, compiled(place, name), table)
            doubled = one.broken["key"]
            if rows == doubled:
                assert len(test.failing(everything)) == 1, name
                assert all(not test.failing(everything - {row}) for row in doubled), name
                continue
            assert test.failing(everything - rows) == [], name
            assert [row for row in sorted(rows) if not test.failing({row})] == [], name


@pytest.mark.parametrize("table", REFERRING)
def test_references(table: str, fed: dict[str, Fed], place: Path, built: DbtResult) -> None:
    """dbt and the database miss the same parents. Parents are all rows of the parent's raw table, good or bad."""
    one, tests = fed[table], {test.name: test for test in built.tests}
    for reference in one.contract.references:
        orphans = one.orphans(reference, fed)
        name = dbt_test_name(one.contract, reference_name(reference))
        assert tests[name].failing_rows == len(orphans)
        with opened(place / "warehouse.duckdb") as connection:
            test = CompiledTest(connection, compiled(place, name), table)
            assert not test.failing(set(range(len(one.frame))) - orphans)
            assert all(test.failing({row}) for row in orphans)


@pytest.mark.parametrize("judge", ["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_references_in_the_database(judge: str, fed: dict[str, Fed], request: pytest.FixtureRequest) -> None:
    database = PostgresJudge(request.getfixturevalue("postgres_url")) if judge == "postgres" else DuckDbJudge()
    good = {}
    for contract in parents_first(CONTRACTS.values()):
        one = fed[contract.table]
        database.create(contract, references=True)
        clean = one.frame[sorted(set(range(len(one.frame) - 1)) - set(one.refused))]
        parents = {name: Fed(CONTRACTS[name], frame) for name, frame in good.items()}
        whole = Fed(contract, clean)
        missing = {row for one in contract.references for row in whole.orphans(one, parents)}
        kept = clean[sorted(set(range(len(clean))) - missing)]
        assert database.together(contract, kept, keep=True) == ""
        good[contract.table] = kept
        for row in missing:
            expected = {reference_name(one) for one in contract.references if row in whole.orphans(one, parents)}
            said = database.together(contract, clean[row].unique())
            assert said in expected or "foreign key" in said, (said, expected)
    database.close()
