"""The last resort: a fault that no code of ours has words for is told like any other, as a defect of ours."""

from __future__ import annotations

import traceback
from pathlib import Path

from lake.errors import MirrorlakeError
from pipeline.settings.layers import DEBUG

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("lake", "warehouse", "pipeline")


def is_fault(error: BaseException) -> bool:
    """Whether something went wrong, rather than somebody wanting to end: libraries in Rust panic by what is, to
    Python, no Exception.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def unexpected(error: BaseException) -> MirrorlakeError:
    """What to say of it: its type and first line, and the innermost line of ours that it passed."""
    first = str(error).split("\n", 1)[0]
    return MirrorlakeError(
        f"unexpected error (a defect of Mirrorlake): {type(error).__name__}: {first}",
        where=_place(error),
        fix=f"run it again with {DEBUG}=1 for the traceback (a run also with -v), and report it with that",
    )


def _place(error: BaseException) -> str:
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [frame for frame in frames if any(frame[0].is_relative_to(_ROOT / name) for name in _PACKAGES)]
    path, line = (ours or frames)[-1]
    return f"{path.relative_to(_ROOT) if ours else path}:{line}"
