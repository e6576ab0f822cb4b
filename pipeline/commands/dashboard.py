"""``mirrorlake dashboard``: Streamlit on what was published."""

from __future__ import annotations

import click


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Where it listens.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on.")
@click.pass_context
def command(ctx: click.Context, port: int, host: str) -> None:
    """Open the dashboard on what was published; a run meanwhile shows on the next click."""
    import importlib.util
    import os
    import sys

    from lake.errors import MissingExtraError
    from pipeline.settings import load_settings, project_root

    if importlib.util.find_spec("streamlit") is None:
        raise MissingExtraError("streamlit", "dashboard")
    env = (ctx.obj or {}).get("env")
    load_settings(env).require_supported(section="snowflake")  # what is wrong is said here, not in the browser
    _require_free(host, port)
    root = project_root()
    environment = {**os.environ, "MIRRORLAKE_ROOT": str(root), **({"LAKE_ENV": env} if env else {})}
    app = ["-m", "streamlit", "run", str(root / "dashboard" / "app.py")]
    options = ["--server.address", host, "--server.port", str(port)]
    click.echo(f"dashboard on http://{host}:{port} (Ctrl-C ends it)")
    sys.stdout.flush()
    os.chdir(root)  # Streamlit finds its configuration from there
    os.execve(sys.executable, [sys.executable, *app, *options], environment)  # noqa: S606 (whoever ends us ends it)


def _require_free(host: str, port: int) -> None:
    import socket

    from lake.errors import UsageError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "choose another: mirrorlake dashboard --port 8502"
        raise UsageError(f"cannot listen on {host}, port {port}: {reason}", fix=fix) from None
