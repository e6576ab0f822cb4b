"""Several weather models in one body: Open-Meteo then suffixes each field (``temperature_2m_ecmwf_ifs025``).

Such a body is refused, with the models named: two models would be two values for one hour of one place, and picking
one silently would change the table whenever the API reorders them. We ask for one model, whose fields are plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lake.errors import PayloadError
from pipeline.sources.openmeteo_units import UNITS

# How the names of Open-Meteo's models begin. Real fields that merely extend a known one (precipitation_probability)
# are none of these and travel on as unknown columns.
_FAMILIES = re.compile(
    r"(best_match|archive_best_match|ecmwf|era5|cerra|gfs|ncep|nbm|hrrr|nam|gem|icon|dwd|jma|kma|meteofrance|arome|arpege"
    r"|metno|met_nordic|ukmo|knmi|dmi|cma|bom|meteoswiss|italia|copernicus|ensemble|google|weatherkit|member\d+)(_|\Z)"
)
_PLAIN = {"time", *UNITS}


def refuse_several_models(fields: Iterable[str]) -> None:
    """Raise PayloadError when fields are suffixed by a model."""
    unknown = set(fields) - _PLAIN
    models = sorted({suffix for field in unknown for suffix in _suffixes(field) if _FAMILIES.match(suffix)})
    if models:
        raise PayloadError(
            f"the body holds fields by model ({', '.join(models[:10])})",
            fix="ask for one model, so that its fields have plain names (temperature_2m)",
        )


def _suffixes(field: str) -> Iterable[str]:
    return (field[len(known) + 1 :] for known in UNITS if field.startswith(f"{known}_"))
