"""``mirrorlake graph``: the one graph as text, picture or file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "mermaid", "svg", "json"]), default="text", help="How to write it."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead.")
@click.pass_context
def command(ctx: click.Context, form: str, output: Path | None) -> None:
    """Print the graph of tables and stages; write it as SVG, Mermaid or graph.json (what Airflow reads)."""
    from lake.errors import StorageError
    from pipeline.airflow_dag import describe
    from pipeline.graph_views import as_json, render
    from pipeline.launch import project_graph
    from pipeline.workspace import open_workspace

    workspace = open_workspace((ctx.obj or {}).get("env"))
    graph = project_graph(workspace)
    text = as_json(graph, describe(graph, workspace.settings)) if form == "json" else render(graph, form)
    if output is None:
        click.echo(text.rstrip("\n"))
        return
    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(output)
    except OSError as error:
        raise StorageError(
            f"cannot write {output}: {error.strerror}", fix="choose a folder that exists and is writable"
        ) from None
    click.echo(f"wrote {output}")
