"""``mirrorlake tour``: a minute that shows what happens to mistakes."""

from __future__ import annotations

import click


@click.command()
def command() -> int:
    """See a row break, wait in quarantine, be fixed and replayed; and a failed audit that publishes nothing.

    Takes about a minute, in a temporary folder; your own data is not touched.
    """
    import tempfile
    from pathlib import Path

    from pipeline.tour import take

    with tempfile.TemporaryDirectory(prefix="mirrorlake-tour-") as folder:
        return take(Path(folder), click.echo)
