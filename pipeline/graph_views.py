"""The graph as people and programs read it: text, Mermaid, SVG, and graph.json for Airflow."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from html import escape
from itertools import pairwise

from pipeline.graph import Graph

FORMATS = ("text", "mermaid", "svg", "json")
_LAYER_FILL = {"source": "#e8eef7", "silver": "#eceff1", "gold": "#fff3d6", "stage": "#e6f4ea"}
_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    ' font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Graph of tables and stages">'
)
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="#5f6b7a"/></marker></defs>'
)
_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 34, 70, 18, 20


def edges(graph: Graph) -> list[tuple[str, str]]:
    """All arrows, table to table and dataset to table, then the line of stages behind gold."""
    arrows = [(read, node.name) for node in graph.nodes for read in node.reads]
    last_gold = {name for stage in graph.stages if stage.kind == "staging" for name in stage.writes}
    line = [stage.name for stage in graph.stages if stage.kind not in ("ingest", "silver", "gold")]
    arrows += [(name, line[0]) for name in sorted(last_gold)]
    return arrows + list(pairwise(line))


def layers(graph: Graph) -> dict[str, str]:
    """Every node of the picture and what it is: source, silver, gold or stage."""
    kinds = {read: "source" for node in graph.nodes if node.layer == "silver" for read in node.reads}
    kinds |= {node.name: node.layer for node in graph.nodes}
    return kinds | {s.name: "stage" for s in graph.stages if s.kind not in ("ingest", "silver", "gold")}


def as_text(graph: Graph) -> str:
    """Stages in order, then each table with what it reads."""
    lines = ["stages"]
    lines += [f"  {stage.name:<18} after {', '.join(stage.after) or '-'}" for stage in graph.stages]
    for layer in ("silver", "gold"):
        lines.append(layer)
        lines += [f"  {node.name} <- {', '.join(node.reads)}" for node in graph.nodes if node.layer == layer]
    return "\n".join(lines)


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, for documents that render it."""
    identifier = {name: name.replace("/", "_").replace(" ", "_") for name in layers(graph)}
    lines = ["flowchart LR"]
    lines += [f"  {identifier[name]}[{name}]:::{kind}" for name, kind in layers(graph).items()]
    lines += [f"  {identifier[a]} --> {identifier[b]}" for a, b in edges(graph)]
    lines += [f"  classDef {kind} fill:{fill},stroke:#5f6b7a,color:#1c2733" for kind, fill in _LAYER_FILL.items()]
    return "\n".join(lines)


def as_json(graph: Graph, airflow: Mapping[str, object] | None = None) -> str:
    """graph.json: stages with their job words and order, tables with what they read, and what Airflow is told."""
    stages = [
        {"job": s.job, "name": s.name, "kind": s.kind, "after": [graph.stage(a).job for a in s.after],
         "writes": list(s.writes), "source": s.source}
        for s in graph.stages
    ]  # fmt: skip
    tables = [{"name": n.name, "layer": n.layer, "reads": list(n.reads)} for n in graph.nodes]
    document = {"version": 1, "stages": stages, "tables": tables, **({"airflow": airflow} if airflow else {})}
    return json.dumps(document, indent=2) + "\n"


def as_svg(graph: Graph) -> str:
    """A picture without any reference to the outside: columns by depth, arrows between."""
    places, width, height = _places(graph)
    kinds = layers(graph)
    parts = [
        _OPEN.format(width=width, height=height),
        _TIP,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for start, end in edges(graph):
        x1, y1 = places[start][0] + _BOX_WIDTH, places[start][1] + _BOX_HEIGHT // 2
        x2, y2 = places[end][0], places[end][1] + _BOX_HEIGHT // 2
        parts.append(
            f'<path d="M{x1},{y1} C{x1 + 35},{y1} {x2 - 35},{y2} {x2},{y2}" fill="none" stroke="#5f6b7a"'
            ' marker-end="url(#tip)"/>'
        )
    for name, (x, y) in places.items():
        parts.append(
            f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"'
            f' fill="{_LAYER_FILL[kinds[name]]}" stroke="#5f6b7a"/>'
            f'<text x="{x + _BOX_WIDTH // 2}" y="{y + 21}" text-anchor="middle" fill="#1c2733">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _places(graph: Graph) -> tuple[dict[str, tuple[int, int]], int, int]:
    """Left upper corner of every box; the depth of a node is its longest way from a source."""
    depth = dict.fromkeys(layers(graph), 0)
    arrows = edges(graph)
    for _ in depth:
        for start, end in arrows:
            depth[end] = max(depth[end], depth[start] + 1)
    columns: dict[int, list[str]] = defaultdict(list)
    for name, column in depth.items():
        columns[column].append(name)
    tallest = max(len(names) for names in columns.values())
    height = 2 * _MARGIN + tallest * (_BOX_HEIGHT + _GAP_Y) - _GAP_Y
    places = {}
    for column, names in columns.items():
        used = len(names) * (_BOX_HEIGHT + _GAP_Y) - _GAP_Y
        for row, name in enumerate(names):
            x = _MARGIN + column * (_BOX_WIDTH + _GAP_X)
            places[name] = (x, (height - used) // 2 + row * (_BOX_HEIGHT + _GAP_Y))
    return places, 2 * _MARGIN + (max(columns) + 1) * (_BOX_WIDTH + _GAP_X) - _GAP_X, height


def render(graph: Graph, form: str) -> str:
    """The graph in one of ``FORMATS``."""
    views: dict[str, Callable[[Graph], str]] = {
        "text": as_text, "mermaid": as_mermaid, "svg": as_svg, "json": as_json,
    }  # fmt: skip
    return views[form](graph)
