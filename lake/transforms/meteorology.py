"""Formulas of meteorology as narwhals expressions. Every threshold and constant has its source beside it."""

from __future__ import annotations

import narwhals as nw

KMH_PER_METRE_PER_SECOND = 3.6

# WMO Guide to Instruments and Methods of Observation (WMO-No. 8), chapter 6: amounts below 0.1 mm are a trace.
WET_MM = 0.1
# Jennings, Winchell, Livneh and Molotch (2018), Nature Communications 9, 1148: at 1.0 C air temperature rain and snow
# are equally likely, as the mean of the northern hemisphere's land stations.
SNOW_AT_MOST_C = 1.0
# WMO International Cloud Atlas: it is fog when the visibility is less than 1 km.
FOG_BELOW_M = 1000.0
# Beaufort force 6, strong breeze: from 10.8 m/s (WMO-No. 306, code table 1100, and Manual on Marine services).
WINDY_FROM_KMH = 10.8 * KMH_PER_METRE_PER_SECOND
# Base of heating and cooling degree days: 18 C, the metric counterpart of the US base of 65 F (ASHRAE Fundamentals).
DEGREE_DAY_BASE_C = 18.0


def vapour_pressure_hpa(temperature_c: nw.Expr, relative_humidity_percent: nw.Expr) -> nw.Expr:
    """Water vapour pressure e = rh/100 * 6.105 * exp(17.27 Ta / (237.7 + Ta)), by the Bureau of Meteorology."""
    saturation = (temperature_c * 17.27 / (temperature_c + 237.7)).exp() * 6.105
    return relative_humidity_percent / 100.0 * saturation


def apparent_temperature_c(
    temperature_c: nw.Expr, relative_humidity_percent: nw.Expr, wind_speed_kmh: nw.Expr
) -> nw.Expr:
    """Australian apparent temperature in the shade: AT = Ta + 0.33 e - 0.70 ws - 4.00, ws in m/s; null if any is null.

    Source: R. G. Steadman (1994), Norms of apparent temperature in Australia, Australian Meteorological Magazine 43,
    1-16, in the form that the Bureau of Meteorology publishes (About the approximation to the apparent temperature).
    """
    wind_metres_per_second = wind_speed_kmh / KMH_PER_METRE_PER_SECOND
    pressure = vapour_pressure_hpa(temperature_c, relative_humidity_percent)
    return temperature_c + pressure * 0.33 - wind_metres_per_second * 0.70 - 4.0


def condition(
    precipitation_mm: nw.Expr, temperature_c: nw.Expr, visibility_m: nw.Expr, wind_speed_kmh: nw.Expr
) -> nw.Expr:
    """One word for an hour: snow, rain, fog, windy, fair, or unknown; the first that holds, in this order.

    Precipitation from WET_MM on is snow up to SNOW_AT_MOST_C, else rain (also where the temperature is unknown); fog
    is visibility below FOG_BELOW_M; windy is wind from WINDY_FROM_KMH on. A missing value decides nothing; where
    precipitation, visibility and wind are all missing the word is unknown.
    """
    wet = precipitation_mm >= WET_MM
    nothing_known = precipitation_mm.is_null() & visibility_m.is_null() & wind_speed_kmh.is_null()
    calm = nw.when(nothing_known).then(nw.lit("unknown")).otherwise(nw.lit("fair"))
    dry = nw.when(wind_speed_kmh >= WINDY_FROM_KMH).then(nw.lit("windy")).otherwise(calm)
    clear = nw.when(visibility_m < FOG_BELOW_M).then(nw.lit("fog")).otherwise(dry)
    liquid = nw.when(wet).then(nw.lit("rain")).otherwise(clear)
    return nw.when(wet & (temperature_c <= SNOW_AT_MOST_C)).then(nw.lit("snow")).otherwise(liquid)
