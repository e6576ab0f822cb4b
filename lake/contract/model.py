"""What a contract says, as plain frozen values. Everything else (types, gate, DDL, suites, samples) derives from it.

``lake.contract.load`` reads these from ODCS YAML; nobody builds one by hand but tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Layer = Literal["silver", "gold"]
Kind = Literal["string", "integer", "float", "decimal", "boolean", "date", "timestamp"]
Severity = Literal["error", "warn"]
Evolution = Literal["evolve", "freeze", "discard_row", "discard_value"]
OnDuplicate = Literal["latest", "reject"]
LoadMode = Literal["append", "snapshot"]
Granularity = Literal["day", "month", "year"]
RuleKind = Literal["required", "minimum", "maximum", "max_length", "enum", "pattern", "expression", "type", "key"]


@dataclass(frozen=True)
class Type:
    """A logical type. Integers are signed 64 bits, floats 64 bits, timestamps UTC microseconds."""

    kind: Kind
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class Column:
    """One column: its type, unit and the bounds of its values.

    ``source_field`` is what the payload calls it (None: the same name). ``decimals`` is p of "floats are equal when
    |a-b| <= 10**-p". ``severities`` overrides the severity of a built-in rule of this column by its kind.
    ``classification`` is ODCS's word for who may see values (``public``, ``restricted``, ``pii`` ...).
    """

    name: str
    type: Type
    description: str
    required: bool = False
    unit: str | None = None
    source_field: str | None = None
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    decimals: int = 6
    examples: tuple[object, ...] = ()
    severities: tuple[tuple[RuleKind, Severity], ...] = ()
    classification: str | None = None

    @property
    def sensitive(self) -> bool:
        """Whether values must not be shown in messages: classified as anything but public or internal."""
        return (self.classification or "public").lower() not in ("public", "internal")


@dataclass(frozen=True)
class Rule:
    """One check on a row, as every judge sees it (see ``Contract.rules``).

    ``name`` is unique in the contract (``temperature_c.minimum``, ``dew_point_not_above_temperature``).
    ``columns`` are those that it reads. ``argument`` is a bound as a Python value of the column's type (int, float,
    Decimal, date, aware datetime in UTC), the maximal length, the tuple of an enum, or the pattern.

    For ``expression`` rules ``expression`` is a boolean SQL expression in the common subset (comparison, + - * /, AND,
    OR, NOT, IS [NOT] NULL, BETWEEN, IN); as in SQL's CHECK, a row breaks it only when it is false, not when it is null.
    """

    name: str
    kind: RuleKind
    columns: tuple[str, ...]
    severity: Severity = "error"
    argument: object = None
    expression: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Reference:
    """A foreign key: ``columns`` here point to ``to_columns`` (a key) of ``to_table``."""

    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class Partition:
    """Physical partitions: the date of ``column`` (date or timestamp), truncated to ``by``."""

    column: str
    by: Granularity


@dataclass(frozen=True)
class Freshness:
    """Data may be ``data_hours`` behind the run date's end, loads ``load_hours`` behind now (recordings exempt)."""

    column: str | None
    data_hours: float | None = None
    load_hours: float | None = None


@dataclass(frozen=True)
class Contract:
    """What one table is. ``rules`` lists every rule on rows, built-in ones first, in a fixed order.

    ``datasets`` are the ``(source, dataset)`` pairs that feed a silver table. ``window_days`` is how many days a
    change reaches forward in a gold table (None: full rebuild). ``rejection_threshold`` is the share of a load's rows
    (0..1) above which the whole load is refused; ``shrink_threshold`` the share of keys a snapshot may lose.
    ``title``, ``grain``, ``usage``, ``limitations`` and ``roles`` ``(name, access)`` are for readers only.
    ``path`` is the file that it was read from, ``digest`` the sha256 of its meaning.
    """

    table: str
    layer: Layer
    version: str
    description: str
    owner: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    rules: tuple[Rule, ...]
    domain: str = "weather"
    version_column: str | None = None
    references: tuple[Reference, ...] = ()
    partition: Partition | None = None
    datasets: tuple[tuple[str, str], ...] = ()
    window_days: int | None = None
    history: bool = False
    load: LoadMode = "append"
    on_duplicate: OnDuplicate = "latest"
    evolution: Evolution = "evolve"
    rejection_threshold: float = 0.5
    shrink_threshold: float = 0.5
    min_rows: int | None = None
    freshness: Freshness | None = None
    sla: tuple[tuple[str, str], ...] = ()
    warehouse: bool = False
    title: str = ""
    grain: str = ""
    usage: str = ""
    limitations: str = ""
    roles: tuple[tuple[str, str], ...] = ()
    path: str = ""
    digest: str = ""
    _by_name: dict[str, Column] = field(default_factory=dict, repr=False, compare=False, hash=False)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        if not self._by_name:
            self._by_name.update({column.name: column for column in self.columns})
        return self._by_name[name]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)


Contracts = dict[str, Contract]
