"""The graph follows from contracts and signatures; what does not fit is refused with names."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from lake.contract.model import Column, Contract, Reference, Type
from lake.errors import GraphError, UnknownChoiceError
from pipeline.graph import build_graph
from pipeline.graph_views import FORMATS, render


def contract(table: str, layer: str = "gold", warehouse: bool = False) -> Contract:
    return Contract(
        table=table,
        layer=layer,  # type: ignore[arg-type]
        version="1.0.0",
        description="",
        owner="data",
        columns=(Column("place_id", Type("string"), ""),),
        primary_key=("place_id",),
        rules=(),
        datasets=(("api", "archive"),) if layer == "silver" else (),
        warehouse=warehouse,
        path=f"{table}.odcs.yaml",
    )


def contracts(*items: Contract) -> dict[str, Contract]:
    return {item.table: item for item in items}


KNOWN = contracts(contract("observed", "silver"), contract("hourly"), contract("daily", warehouse=True))


def test_order_follows_signatures() -> None:
    graph = build_graph(KNOWN, {"daily": ("hourly",), "hourly": ("observed",)})
    assert [node.name for node in graph.nodes] == ["observed", "hourly", "daily"]
    line = ["ingest api", "silver", "gold", "staging", "load", "dbt", "audit", "publish"]
    assert [stage.name for stage in graph.stages] == line
    assert graph.stage("gold").after == ("silver",)
    assert graph.stage("load").writes == ("daily",)
    assert graph.stage("ingest-api").source == "api"


def test_unknown_job_lists_the_known() -> None:
    graph = build_graph(KNOWN, {"daily": ("hourly",), "hourly": ("observed",)})
    with pytest.raises(UnknownChoiceError, match="goldd") as refused:
        graph.stage("goldd")
    assert "ingest-api" in str(refused.value)


def test_cycle_is_named() -> None:
    with pytest.raises(GraphError, match=r"hourly -> daily|daily -> hourly"):
        build_graph(KNOWN, {"daily": ("hourly",), "hourly": ("daily",)})


def test_unknown_input_lists_the_known() -> None:
    with pytest.raises(GraphError, match="'hourly' reads 'observd'") as refused:
        build_graph(KNOWN, {"daily": ("hourly",), "hourly": ("observd",)})
    assert "observed" in str(refused.value)


def test_a_table_of_silver_is_read_with_its_parents() -> None:
    child = replace(KNOWN["observed"], references=(Reference(("place_id",), "place", ("place_id",)),), _by_name={})
    known = KNOWN | contracts(child, contract("place", "silver"))
    reads = {"daily": ("hourly",), "hourly": ("observed",)}
    with pytest.raises(GraphError, match="'hourly' reads 'observed' without its parent 'place'"):
        build_graph(known, reads)
    assert build_graph(known, reads | {"hourly": ("observed", "place")}).nodes


def test_contract_without_transformation_and_the_reverse() -> None:
    with pytest.raises(GraphError, match="'daily' has a contract but no transformation"):
        build_graph(KNOWN, {"hourly": ("observed",)})
    with pytest.raises(GraphError, match="'weekly' has no gold contract"):
        build_graph(KNOWN, {"daily": ("hourly",), "hourly": ("observed",), "weekly": ("daily",)})


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_names_every_table(form: str) -> None:
    graph = build_graph(KNOWN, {"daily": ("hourly",), "hourly": ("observed",)})
    text = render(graph, form)
    assert all(name in text for name in ("observed", "hourly", "daily", "publish"))
    if form == "json":
        assert json.loads(text)["stages"][0]["job"] == "ingest-api"
    if form == "svg":
        ET.fromstring(text)
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
