"""``mirrorlake dbt``: dbt by hand, as ``cd dbt && dbt``, with the target and the account of an environment."""

from __future__ import annotations

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Call dbt with WORDS (build, test, docs generate, ...) on the environment's warehouse.

    The same as dbt in its own folder, where the environment's settings, secrets included, are given to it as variables.
    """
    import importlib.util
    import os
    import sys

    from lake.errors import MissingExtraError
    from pipeline.dbtworker.environment import dbt_environment
    from pipeline.settings import load_settings, project_root

    if importlib.util.find_spec("dbt") is None:
        raise MissingExtraError("dbt-core", "dbt")
    settings = load_settings((ctx.obj or {}).get("env"))
    settings.require_supported()
    plain = {} if sys.stdout.isatty() else {"DBT_USE_COLORS": "false"}  # dbt itself colours a pipe, too
    environment = {**plain, **os.environ, **dbt_environment(settings), "MIRRORLAKE_DBT_TARGET": settings.dbt.target}
    os.chdir(project_root() / "dbt")
    program = "from dbt.cli.main import cli; cli(prog_name='dbt')"
    os.execve(sys.executable, [sys.executable, "-c", program, *words], environment)  # noqa: S606 (dbt's exit code is ours)
