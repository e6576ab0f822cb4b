"""The metrics, asked of what was published: MetricFlow turns names into SQL, the warehouse answers it.

The definitions are those of dbt/models/marts/weather/_weather__metrics.yml, as dbt wrote them (semantic_manifest.json)
when it parsed the project; dbt itself is not needed to ask.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import DamagedError, MissingExtraError, UnknownChoiceError, WarehouseError
from lake.sql import literal

if TYPE_CHECKING:
    from warehouse.warehouses.base import Reader

SPANS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class Metric:
    """One metric; its name carries its unit."""

    name: str
    label: str
    description: str


@dataclass(frozen=True)
class Question:
    """What is asked: metrics by name, words to group by, days (both ends included) and places (location_id)."""

    metrics: tuple[str, ...]
    group_by: tuple[str, ...] = ("day",)
    first_date: date | None = None
    last_date: date | None = None
    location_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """Rows, sorted by what they are grouped by, and the SQL that gave them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    sql: str


class Metrics:
    """The metrics of one parsed project. ``document`` is the text of semantic_manifest.json."""

    def __init__(self, document: str) -> None:
        self._manifest: dict[str, Any] = json.loads(document)
        if not isinstance(self._manifest, dict) or not self._manifest.get("metrics"):
            raise ValueError("it defines no metrics")

    @classmethod
    def read(cls, path: Path) -> Metrics:
        """From a file. DamagedError if it is no such manifest."""
        try:
            return cls(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise DamagedError(
                f"the metrics' definitions cannot be read: {error}",
                where=str(path),
                fix="remove the file and run again: dbt writes it when it reads its project",
            ) from None

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Every metric by name."""
        return {
            item["name"]: Metric(item["name"], item["label"] or item["name"], item["description"] or "")
            for item in self._manifest["metrics"]
        }

    @cached_property
    def words(self) -> dict[str, str]:
        """What can be grouped by, in the user's word, and MetricFlow's name for it."""
        found = {span: f"metric_time__{span}" for span in SPANS}
        for model in self._manifest["semantic_models"]:
            entities = model["entities"]
            primary = next((item["name"] for item in entities if item["type"] == "primary"), model["primary_entity"])
            found |= {item["name"]: item["name"] for item in entities}
            categories = (item for item in model["dimensions"] if item["type"] == "categorical")
            found |= {item["name"]: f"{primary}__{item['name']}" for item in categories}
        return found

    def check(self, names: Sequence[str], words: Sequence[str]) -> None:
        """UnknownChoiceError for a metric or a word to group by that there is not."""
        _known("metric", names, self.metrics)
        _known("word to group by", words, self.words)

    def ask(self, reader: Reader, question: Question) -> Answer:
        """The answer, from the publication that ``reader`` has open.

        Raises UnknownChoiceError for a metric or word that there is not, WarehouseError if the query fails.
        """
        self.check(question.metrics, question.group_by)
        try:
            from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
        except ImportError:
            raise MissingExtraError("dbt-metricflow", "dbt") from None
        names = [self.words[word] for word in question.group_by]
        request = MetricFlowQueryRequest.create(
            metric_names=question.metrics,
            group_by_names=names,
            order_by_names=names,
            time_constraint_start=_midnight(question.first_date),
            time_constraint_end=_midnight(question.last_date),
            where_constraints=[_at_places(question.location_ids)] if question.location_ids else None,
        )
        engine = self._engine(reader)
        try:
            result = engine.query(request)
        except Exception as error:
            raise WarehouseError(f"the metrics could not be computed: {error}") from error
        table = result.result_df
        order = [table.column_names.index(name) for name in (*names, *question.metrics)]
        rows = [tuple(_plain(row[place]) for place in order) for row in table.rows]
        return Answer((*question.group_by, *question.metrics), tuple(rows), result.sql)

    def _engine(self, reader: Reader) -> Any:
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        from pipeline.dbtworker.metrics_client import ReaderClient

        manifest = parse_manifest_from_dbt_generated_manifest(json.dumps(_relocated(self._manifest, reader)))
        return MetricFlowEngine(SemanticManifestLookup(manifest), ReaderClient(reader))


def _relocated(manifest: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The manifest with every table looked for where it is published."""
    moved: dict[str, Any] = json.loads(json.dumps(manifest))
    spines = moved["project_configuration"]["time_spines"]
    for holder in (*moved["semantic_models"], *spines):
        node = holder["node_relation"]
        node["database"], node["relation_name"] = reader.place_of(node["schema_name"], node["alias"])
    return moved


def _known(kind: str, given: Sequence[str], known: Mapping[str, object]) -> None:
    for name in given:
        if name not in known:
            raise UnknownChoiceError(kind, name, known)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())


def _at_places(location_ids: Sequence[str]) -> str:
    """A filter in MetricFlow's words. Ids come from the published places, never from the command line."""
    return "{{ Entity('location') }} IN (" + ", ".join(map(literal, location_ids)) + ")"


def _plain(value: Any) -> Any:
    """MetricFlow's timestamps of whole days as dates."""
    return value.date() if isinstance(value, datetime) else value
