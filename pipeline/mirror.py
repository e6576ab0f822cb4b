"""``run --write-s3``: the lake, as the run left it, copied to ``lake.mirror``; told like one more stage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError, UsageError
from pipeline.outcome import StageOutcome, TableOutcome

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

NAME = "mirror"


def require_place(workspace: Workspace) -> None:
    """Make sure, before anything is done, that the copy has a place: said, reachable, and this lake's to write to.

    Raises UsageError where nothing says where, or something else lies there; StorageError where it cannot be reached.
    A lake that itself lies in a bucket needs no copy.
    """
    settings, target = workspace.settings, workspace.mirror
    if target is not None:
        from lake.storage.mirror import claim

        claim(workspace.objects, target)
    elif workspace.objects.is_local:
        raise UsageError(
            "--write-s3 needs to know where to write",
            where=f"profiles/{settings.env}.toml",
            fix="set lake.mirror, for example MIRRORLAKE_LAKE_MIRROR=s3://bucket/lake",
        )


def mirrored(workspace: Workspace) -> StageOutcome:
    """Copy what is new; a failure is told, and the next call goes on where this one stopped."""
    from lake.storage.mirror import mirror

    target = workspace.mirror
    if target is None:
        return StageOutcome(NAME, "unchanged", notes=("the lake itself lies in a bucket",))
    began = time.perf_counter()
    try:
        made = mirror(workspace.objects, target)
    except MirrorlakeError as error:
        return StageOutcome(NAME, "failed", error=str(error)).timed(time.perf_counter() - began)
    seconds = time.perf_counter() - began
    if not made.copied and not made.deleted:
        return StageOutcome(NAME, "unchanged").timed(seconds)
    note = (
        f"{made.copied:,} objects ({made.bytes / 1e6:,.1f} MB) copied to {target.root}, {made.deleted:,} deleted there"
    )
    counts = TableOutcome("objects", rows_in=made.copied, rows_out=made.copied, bytes=made.bytes)
    return StageOutcome(NAME, "done", (counts,), notes=(note,)).timed(seconds)
