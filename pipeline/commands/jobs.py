"""``mirrorlake jobs``: the words for ``run --job``, in the order in which they run."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the stages, in order: the words for run --job."""
    import json

    from pipeline.launch import project_graph
    from pipeline.workspace import open_workspace

    graph = project_graph(open_workspace((ctx.obj or {}).get("env")))
    if as_json:
        click.echo(json.dumps([{"job": s.job, "after": list(s.after), "writes": list(s.writes)} for s in graph.stages]))
        return
    for stage in graph.stages:
        after = f"after {', '.join(stage.after)}" if stage.after else "first"
        click.echo(f"{stage.job:<18} {after:<24} {', '.join(stage.writes)}".rstrip())
