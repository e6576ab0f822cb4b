"""``mirrorlake reset``: back to what was received."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

KEPT = ("bronze", "_refused", "_audit")
_LEASE = "_state/lease"


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--env", "env", metavar="NAME", help="dev or rehearsal.")
@click.pass_context
def command(ctx: click.Context, yes: bool, env: str | None) -> None:
    """Delete what was built: silver, quarantine, gold, state, staging files, warehouse file, published files.

    Kept: bronze (with what was let in by hand), refused bodies, and the audit trail. A Postgres server that serves
    as staging is not touched. Refused in prod.
    """
    from lake.errors import UsageError
    from pipeline.replay import alone
    from pipeline.spelling import spelled
    from pipeline.workspace import open_workspace

    workspace = open_workspace(env or (ctx.obj or {}).get("env"))
    if workspace.settings.env == "prod":
        raise UsageError("reset is refused in prod", fix="rebuild --from bronze makes silver again and deletes nothing")
    keys, files = _built(workspace), _files(workspace)
    if not keys and not files:
        click.echo("nothing was built; there is nothing to delete")
        return
    if not yes:
        click.echo(f"environment {workspace.settings.env}, lake {workspace.objects.root}")
        click.echo("kept: bronze, refused bodies, audit trail")
        click.confirm(f"Delete {len(keys):,} objects of the lake and {len(files):,} database files?", abort=True)
    with alone(workspace, "reset"):
        keys, files = _built(workspace), _files(workspace)  # a run may have ended since we asked
        _delete(workspace, keys, files)
    click.echo(
        f"deleted {len(keys):,} objects of the lake and {len(files):,} database files; bronze and audit are kept"
    )
    click.echo(spelled("next: mirrorlake run builds everything again from bronze"))


def _built(workspace: Workspace) -> list[str]:
    """Keys of the lake that a run can make again. State comes first: without it, half a reset is no half-truth."""
    keys = [info.key for info in workspace.objects.list("")]
    built = [key for key in keys if key.split("/", 1)[0] not in KEPT and not key.startswith(_LEASE)]
    return sorted(built, key=lambda key: (not key.startswith("_state/"), key))


def _files(workspace: Workspace) -> list[Path]:
    """Database files and pointers, by their names alone: the folders may hold what is not ours."""
    settings = workspace.settings
    patterns = [
        (settings.staging.folder, ("*.duckdb", "*.duckdb.wal", ".*.building*", "current.json")),
        (settings.publish.folder, ("*.duckdb", "*.duckdb.wal", ".*.building*", "current.json")),
        (settings.data / "csv", ("*.csv",)),
    ]
    if settings.warehouse.backend == "duckdb":
        name = settings.warehouse.path.name
        patterns.append((settings.warehouse.path.parent, (name, f"{name}.wal")))
    return sorted({path for folder, globs in patterns for glob in globs for path in folder.glob(glob)})


def _delete(workspace: Workspace, keys: list[str], files: list[Path]) -> None:
    from lake.storage.faults import storage_error
    from lake.writes import committing

    workspace.objects.delete(keys, "reset.object")
    for path in files:
        with committing("reset.file", str(path)):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(error, str(path), "delete") from error
    if workspace.objects.is_local:
        _prune(Path(workspace.objects.root))


def _prune(root: Path) -> None:
    """Remove the folders that deleting left empty."""
    for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if folder.relative_to(root).parts[0] not in KEPT and not any(folder.iterdir()):
            folder.rmdir()
