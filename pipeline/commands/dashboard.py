"""``mirrorlake dashboard``: Streamlit on what was published."""

from __future__ import annotations

import click


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Where it listens.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on.")
@click.pass_context
def command(ctx: click.Context, port: int, host: str) -> int:
    """Open the dashboard on what was published; a run meanwhile shows on the next click."""
    import importlib.util
    import os
    import subprocess
    import sys

    from lake.errors import MissingExtraError
    from pipeline.settings import load_settings, project_root

    if importlib.util.find_spec("streamlit") is None:
        raise MissingExtraError("streamlit", "dashboard")
    env = (ctx.obj or {}).get("env")
    load_settings(env)  # a wrong profile is said here, not in the browser
    if env:
        os.environ["LAKE_ENV"] = env  # the app loads its own settings, in its own process
    app = project_root() / "dashboard" / "app.py"
    arguments = ["--server.address", host, "--server.port", str(port)]
    click.echo(f"dashboard on http://{host}:{port} (Ctrl-C ends it)")
    try:
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "streamlit", "run", str(app), *arguments],
            cwd=project_root(),
            check=False,
        ).returncode
    except KeyboardInterrupt:
        return 0
