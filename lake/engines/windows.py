"""Rolling windows on SQL engines without narwhals' second window.

Narwhals says ``rolling_mean(n, min_samples=1)`` as ``CASE WHEN count(x) OVER w >= 1 THEN avg(x) OVER w END``. SQL's avg
and sum of nothing are null by themselves, so with one sample the count decides nothing, but costs as much as the
window itself (7-day windows over a million hours on DuckDB: 1.4 instead of 0.9 s of CPU).

This reaches into narwhals' own classes, and changes no result. Where a later narwhals has another method of that name
or none, it stays as it is, and ``tests/engines`` says that windows have become slower.
"""

from __future__ import annotations

import inspect
from typing import Any

PARAMETERS = ["self", "func_name", "window_size", "min_samples", "ddof", "center"]


def install(expression: Any) -> bool:
    """Leave the guard out of narwhals' class of one engine's expressions from now on; gives whether it is as expected.

    Calling it again does nothing more.
    """
    guarded = getattr(expression, "_rolling_window_func", None)
    if guarded is None or list(inspect.signature(guarded).parameters) != PARAMETERS:
        return False
    if getattr(guarded, "_is_lean", False):
        return True

    def lean(
        self: Any, func_name: str, window_size: int, min_samples: int, ddof: int | None = None, *, center: bool
    ) -> Any:
        if min_samples != 1 or center or func_name not in ("sum", "mean"):
            return guarded(self, func_name, window_size, min_samples, ddof, center=center)

        def windows(frame: Any, inputs: Any) -> list[Any]:
            return [
                self._window_expression(
                    self._function(func_name, expression),
                    inputs.partition_by,
                    inputs.order_by,
                    rows_start=1 - window_size,
                    rows_end=0,
                )
                for expression in self(frame)
            ]

        return windows

    lean._is_lean = True  # type: ignore[attr-defined]
    expression._rolling_window_func = lean
    return True
