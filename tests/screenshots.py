"""The pictures of docs/images, taken of a real year with a real Chromium: ``just screenshots``.

They show what a user sees after ``mirrorlake run --from 2013-01-01 --to 2013-12-30``; ``--data`` takes data that are
there already.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.dashboard.browser import PAGES, REPOSITORY, browser, chromium, served, settle

IMAGES = REPOSITORY / "docs" / "images"
LARGEST = 300_000  # bytes
WIDTH = 1280  # pixels
# Name of the picture: page, colour scheme, height in pixels.
PICTURES = {
    "dashboard-weather": ("weather", "light", 1190),
    "dashboard-weather-dark": ("weather", "dark", 1190),
    "dashboard-wind": ("wind", "light", 780),
    "dashboard-places": ("places", "light", 1080),
    "dashboard-operations": ("operations", "light", 825),
}


def run_year(data: Path) -> None:
    """A year of three places."""
    start = "from pipeline.run import main; main()"
    environment = {**os.environ, "MIRRORLAKE_ROOT": str(REPOSITORY), "MIRRORLAKE_DATA": str(data)}
    dates = ["--from", "2013-01-01", "--to", "2013-12-30"]
    subprocess.run([sys.executable, "-c", start, "run", *dates], cwd=REPOSITORY, env=environment, check=True)


def take(data: Path, folder: Path, images: Path = IMAGES) -> list[Path]:
    """Take every picture of the dashboard on ``data``; the server's log goes to ``folder``."""
    images.mkdir(parents=True, exist_ok=True)
    taken = []
    with served(data, folder / "dashboard.log") as url, browser() as window:
        for name, (page_name, scheme, height) in PICTURES.items():
            size = {"width": WIDTH, "height": height}
            page = window.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
            page.goto(url + PAGES[page_name])
            settle(page, page_name)
            path = images / f"{name}.png"
            page.screenshot(path=path, animations="disabled")
            page.close()
            if path.stat().st_size > LARGEST:
                raise SystemExit(f"{path} has {path.stat().st_size:,} bytes; at most {LARGEST:,} are meant")
            taken.append(path)
    return taken


def main() -> None:
    """Run a year in a folder of its own, or take ``--data``, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a data folder that holds a run; made anew if not given")
    asked = parser.parse_args()
    if chromium() is None:
        raise SystemExit("no chromium binary on this machine; install one: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="mirrorlake-screenshots-") as folder:
        data = asked.data or Path(folder) / "data"
        if asked.data is None:
            run_year(data)
        for path in take(data.resolve(), Path(folder)):
            print(f"{path.relative_to(REPOSITORY)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
