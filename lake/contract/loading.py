"""How a table is loaded: the custom properties that ODCS has no word for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from lake.contract.document import Section
from lake.contract.model import Column, Evolution, Layer, LoadMode, OnDuplicate
from lake.contract.vocabulary import NAME, SILVER_ONLY


def read_loading(custom: Section, columns: Sequence[Column], *, partitioned: bool) -> dict[str, Any]:
    """The fields of a contract that say how its table is loaded."""
    layer: str = custom.choose("layer", "layer", get_args(Layer), "")
    if not layer:
        custom.fault("layer", "the custom property 'layer' is missing or wrong", "write silver or gold")
    fields: dict[str, Any] = {
        "layer": layer,
        "datasets": _datasets(custom),
        "version_column": custom.text("versionColumn") or None,
        "window_days": custom.get("windowDays", "whole number"),
        "history": custom.flag("history"),
        "load": custom.choose("load", "load", get_args(LoadMode), "append"),
        "on_duplicate": custom.choose("onDuplicate", "onDuplicate", get_args(OnDuplicate), "latest"),
        "evolution": custom.choose("evolution", "evolution", get_args(Evolution), "evolve"),
        "warehouse": custom.flag("warehouse"),
    }
    for key, name in (("rejectionThreshold", "rejection_threshold"), ("shrinkThreshold", "shrink_threshold")):
        share = custom.get(key, "number")
        if share is not None and not 0 <= share <= 1:
            custom.fault(key, f"{key} is a share from 0 to 1, not {share}")
        fields[name] = 0.5 if share is None else float(share)
    _check_loading(custom, fields, columns, partitioned)
    return fields


def _datasets(custom: Section) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for text in custom.get("datasets", "list") or []:
        source, _, dataset = str(text).partition("/")
        if not NAME.match(source) or not NAME.match(dataset):
            custom.fault("datasets", f"{text!r} is no dataset", "write source/dataset, such as openmeteo/archive")
        pairs.append((source, dataset))
    return tuple(pairs)


def _check_loading(custom: Section, fields: dict[str, Any], columns: Sequence[Column], partitioned: bool) -> None:
    names = [column.name for column in columns]
    version = fields["version_column"]
    if version and version not in names:
        custom.fault("versionColumn", f"unknown column: {version!r}", f"choose one of: {', '.join(names)}")
    if fields["layer"] == "silver":
        if not fields["datasets"]:
            custom.fault("datasets", "a silver table names the datasets that feed it", "add datasets: [source/dataset]")
        if fields["window_days"] is not None:
            custom.fault("windowDays", "windowDays belongs to gold tables", "remove it")
    for key in SILVER_ONLY if fields["layer"] == "gold" else ():
        if key in custom.values:
            custom.fault(key, f"{key} belongs to silver tables", "remove it")
    if fields["window_days"] is not None and (fields["window_days"] < 0 or not partitioned):
        custom.fault("windowDays", "windowDays counts days from 0 and needs a partition column", "partition the table")
