"""What ``contracts diff`` says: the old contracts from git or a folder, the changes, and what has to be done."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from lake.contract.diff import Change, compare, next_version, worst
from lake.contract.load import load_contracts
from lake.contract.model import Contracts
from lake.errors import UsageError
from warehouse.ddl import Dialect
from warehouse.migration import migration

CONTRACTS = "lake/contracts"
SCHEMAS: dict[Dialect, str] = {"duckdb": "raw", "postgres": "staging", "snowflake": "raw"}


def old_contracts(against: str) -> Contracts:
    """The contracts to compare with: of a folder, or as they were in a git revision of this project."""
    if Path(against).is_dir():
        return load_contracts(Path(against))
    with tempfile.TemporaryDirectory() as folder:
        for name in _git("ls-tree", "-r", "--name-only", _commit(against), "--", CONTRACTS).split():
            (Path(folder) / Path(name).name).write_text(_git("show", f"{_commit(against)}:{name}"), encoding="utf-8")
        return load_contracts(Path(folder))


def _commit(revision: str) -> str:
    return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()


def _git(*arguments: str) -> str:
    from pipeline.settings import project_root

    root = project_root()
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise UsageError("git is not installed", fix="give a folder: contracts diff --against FOLDER") from None
    if done.returncode:
        raise UsageError(
            f"no such revision, or no such folder: {done.stderr.strip() or arguments[-1]}",
            where=str(root),
            fix="give a git revision of this project, or a folder that holds contracts",
        )
    return done.stdout


class Report:
    """The changes from ``old`` to ``new``, as lines for people and as a document for machines."""

    def __init__(self, old: Contracts, new: Contracts) -> None:
        self.old = old
        self.new = new

    @cached_property
    def changes(self) -> list[Change]:
        """Every change, by table."""
        return compare(self.old, self.new)

    @property
    def tables(self) -> list[str]:
        """The tables that changed."""
        return list(dict.fromkeys(change.table for change in self.changes))

    def commands(self) -> list[str]:
        """The commands that build again what has to be; the next run does the same by itself."""
        tables = dict.fromkeys(change.table for change in self.changes if change.effect != "compatible")
        kept = [self.new[table] for table in tables if table in self.new]
        silver = [f"mirrorlake rebuild --from bronze {table.table}" for table in kept if table.layer == "silver"]
        return [*silver, "mirrorlake run --job gold --force"] if kept else []

    def statements(self, dialect: Dialect) -> list[str]:
        """The migration of all tables in a dialect."""
        return [
            statement
            for table in self.tables
            for statement in migration(self.old.get(table), self.new.get(table), dialect, SCHEMAS[dialect])
        ]

    def lines(self) -> Iterator[str]:
        """The report for people."""
        if not self.changes:
            yield "no contract changed"
            return
        for table in self.tables:
            changes = [change for change in self.changes if change.table == table]
            yield f"{table}: {worst(changes)}{self._version_hint(table, changes)}"
            yield from (f"  {change.effect:<14} {change.what}" for change in changes)
        for dialect, schema in SCHEMAS.items():
            statements = self.statements(dialect)
            if statements:
                yield f"\nmigration for {dialect}, schema {schema}:"
                yield from (f"{statement};" for statement in statements)
        if commands := self.commands():
            yield "\nrows have to be built again: the next run does it, or"
            yield from (f"  {line}" for line in commands)

    def document(self) -> dict[str, object]:
        """The report for machines."""
        return {
            "effect": worst(self.changes),
            "changes": [{"table": c.table, "what": c.what, "effect": c.effect} for c in self.changes],
            "migration": {dialect: self.statements(dialect) for dialect in SCHEMAS},
            "commands": self.commands(),
        }

    def _version_hint(self, table: str, changes: list[Change]) -> str:
        old, new = self.old.get(table), self.new.get(table)
        if old is None or new is None or old.version != new.version:
            return ""
        return f" (version stays {new.version}; raise it to {next_version(new.version, worst(changes))})"
