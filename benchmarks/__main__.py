"""``python -m benchmarks`` (``just bench``): run every benchmark and put benchmarks/README.md together.

python -m benchmarks              # all, about half an hour on two idle cores
python -m benchmarks runs         # one of them; the others' sections stay as they were
python -m benchmarks --page       # only put the page together from benchmarks/results
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SECTIONS = ("runs", "gate", "gold", "engines", "rivals", "postgres_load")
INTRODUCTION = """# Benchmarks

What was measured, in one run each, beside a rival where there is one. Machines differ and this one is noisy: trust the
ratios, not the seconds. `just bench` repeats all of it; each section says how to repeat it alone. Nothing here is
asserted by a test.
"""


def main() -> None:
    """Measure what was asked, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="which (default: all)")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    for name in () if arguments.page else (arguments.sections or SECTIONS):
        subprocess.run([sys.executable, str(FOLDER / f"{name}.py"), "--write"], check=True)
    results = [FOLDER / "results" / f"{name}.md" for name in SECTIONS]
    page = "\n".join([INTRODUCTION, *(path.read_text(encoding="utf-8") for path in results if path.exists())])
    (FOLDER / "README.md").write_text(page, encoding="utf-8")
    print(f"wrote {FOLDER / 'README.md'}")


if __name__ == "__main__":
    main()
