"""What `mirrorlake record` does: names to places, places and dates to requests, answers to recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError, SourceError, UsageError
from pipeline.dates import parse_date
from pipeline.places import resolve

if TYPE_CHECKING:
    from pipeline.settings.model import Settings

SHOWN_FAILURES = 5


@dataclass
class Recorded:
    """What became of the requests. ``places`` are the ids that have recordings now."""

    folder: str
    counts: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)
    failures: list[MirrorlakeError] = field(default_factory=list)

    @property
    def line(self) -> str:
        """One line: ``7 new, 1 unchanged, 0 replaced, 2 failed -> samples/openmeteo``."""
        counts = ", ".join(f"{self.counts[word]} {word}" for word in ("new", "unchanged", "replaced"))
        return f"{counts}, {len(self.failures)} failed -> {self.folder}"

    def raise_if_failed(self) -> None:
        """Raise the one failure, or one error that quotes the first few of them."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            quoted = [f"{error.what} ({error.where})" for error in self.failures[:SHOWN_FAILURES]]
            more = len(self.failures) - len(quoted)
            quoted += [f"and {more} more"] if more else []
            fix = self.failures[0].fix or "the others are recorded; the same command tries these again"
            raise SourceError(f"{len(self.failures)} answers were not recorded:\n    " + "\n    ".join(quoted), fix=fix)


def record(
    settings: Settings,
    locations: Sequence[str],
    dates: Sequence[date],
    *,
    forecast: bool,
    replace: bool,
    say: Callable[[str], object],
) -> Recorded:
    """Fetch every date of every place, live, and keep what came; ``say`` gets a line per place and per tenth."""
    from pipeline.sources.openmeteo import ARCHIVE, OpenMeteo
    from pipeline.sources.recorder import add_place, keep
    from pipeline.sources.recordings import FORECAST

    source = OpenMeteo(settings, live=True)
    places = [resolve(name, source.recorded_places, live=True) for name in locations]
    by_id = {place.location_id: place for place in places}
    for place in by_id.values():
        say(f"{place.said}: {place.latitude:.3f}, {place.longitude:.3f} -> {place.location_id}")
    dataset = FORECAST if forecast else ARCHIVE
    requests = [one for one in source.plan(dates, places, forecast=forecast) if one.dataset == dataset]
    result = Recorded(str(source.recordings.folder))
    for done, (request, outcome) in enumerate(source.fetch_many(requests), start=1):
        try:
            if isinstance(outcome, MirrorlakeError):
                raise outcome
            result.counts[keep(source.recordings, outcome, replace=replace)] += 1
            if request.slice_key not in result.places:
                add_place(source.recordings, by_id[request.slice_key])
                result.places.append(request.slice_key)
        except MirrorlakeError as error:
            result.failures.append(error)
        if done * 10 // len(requests) > (done - 1) * 10 // len(requests):
            say(f"{done} of {len(requests)} answers")
    return result


def date_range(first: str | None, last: str | None, *, today_if_missing: bool = False) -> list[date]:
    """All UTC days from ``first`` to ``last``, both included; UsageError says what is wrong with them."""
    if first is None and today_if_missing:
        first = datetime.now(UTC).date().isoformat()
    if first is None:
        raise UsageError("no date is given", fix="say --from YYYY-MM-DD, and --to for more than one day")
    begin = parse_date(first, "--from")
    end = parse_date(last, "--to") if last else begin
    if end < begin:
        raise UsageError(f"--to {end} lies before --from {begin}", fix="exchange them")
    return [begin + timedelta(days=day) for day in range((end - begin).days + 1)]
