"""``python -m rehearsal.conformance``: run dbt's tests of an adapter on the stand-in; write down what came of each.

It needs .venvs/conformance, with requirements.txt of this folder. What came of it stands in results.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from rehearsal.base import HOST, ROOT, clean
from rehearsal.snowflake import USER, Snowflake

HERE = Path(__file__).resolve().parent
PYTHON = ROOT / ".venvs" / "conformance" / "bin" / "python"
DATABASE = "CONFORMANCE"
SECONDS_EACH = 180


def main(words: list[str]) -> int:
    """Run all tests, or those that pytest's ``words`` choose; the exit code is pytest's."""
    with tempfile.TemporaryDirectory(prefix="mirrorlake-conformance-") as folder:
        snowflake = Snowflake(Path(folder))
        snowflake.start().wait()
        try:
            _create_database(snowflake)
            report = Path(folder) / "report.xml"
            told = [
                "-q",
                "-p",
                "no:cacheprovider",
                f"--timeout={SECONDS_EACH}",
                f"--junitxml={report}",
                "--tb=short",
                "-W",
                "ignore",
            ]
            code = subprocess.run(
                [str(PYTHON), "-m", "pytest", "-c", os.devnull, f"--rootdir={HERE}", str(HERE), *told, *words],
                env={**clean(os.environ), "CONFORMANCE_TARGET": json.dumps(_target(snowflake))},
                cwd=folder,
                check=False,
            ).returncode
            if not words:
                (HERE / "results.md").write_text(_results(report), encoding="utf-8")
        finally:
            snowflake.stop()
    return code


def _target(snowflake: Snowflake) -> dict[str, object]:
    return {
        "type": "snowflake",
        "account": "rehearsal",
        "user": USER,
        "private_key": snowflake.private_key,
        "host": HOST,
        "port": snowflake.port,
        "protocol": "http",
        "database": DATABASE,
        "warehouse": "CONFORMANCE",
        "role": "LOADER",
        "threads": 4,
    }


def _create_database(snowflake: Snowflake) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from snowflake import connector

    key = load_pem_private_key(snowflake.private_key.encode(), None)
    reached = {"host": HOST, "port": snowflake.port, "protocol": "http"}
    with connector.connect(account="rehearsal", user=USER, private_key=key, **reached) as session:
        session.cursor().execute(f"CREATE DATABASE {DATABASE}")


def _results(report: Path) -> str:
    """A table of what did not pass, with the stand-in's word for it."""
    rows, passed = [], 0
    for case in ElementTree.parse(report).iter("testcase"):
        fault = next((case.find(kind) for kind in ("failure", "error") if case.find(kind) is not None), None)
        skipped = case.find("skipped")
        name = f"{case.get('classname', '').rpartition('Test_')[2]}: {case.get('name', '')}"
        if fault is not None:
            rows.append(f"| {name} | {_reason(fault.text or '')} |")
        elif skipped is not None:
            rows.append(f"| {name} | skipped: {_cell(skipped.get('message', ''))} |")
        else:
            passed += 1
    head = f"{passed} of {passed + len(rows)} tests pass.\n\n| does not pass | because |\n|---|---|\n"
    return head + "\n".join(sorted(rows)) + "\n"


def _reason(text: str) -> str:
    """Snowflake's number and words where there are some, else the assertion."""
    told = re.findall(r"\d{6} \([0-9A-Z]{5}\):? [^\n]+", text) or re.findall(
        r"(?<=E   )[^\n]*(?:Error|assert)[^\n]*", text
    )
    return _cell(told[0] if told else text.strip().splitlines()[-1])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()[:160]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
