"""Every kind of write there is, found in the source; so that none is added without being drilled."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.drill.project import REPOSITORY

# Calls that take a site, and where it stands in them: keyword ``site``, or this positional argument.
TAKING_A_SITE = {
    "committing": 0,
    "put_new": 2,
    "put": 2,
    "delete": 1,
    "drop": 0,
    "replace": None,
    "finish": None,
    "write_atomically": 2,
}
# Functions that hand a site on to ``committing`` which was given to them. That of lake/gate_output.py is
# the gate from file to file, which no run uses; tests/unit/test_gate_files.py lets it fail.
HANDING_ON = {
    "lake/storage/objects.py", "lake/tables/delta.py", "lake/tables/delta_commits.py", "lake/gate/output.py",
    "warehouse/pointer.py", "pipeline/sources/recordings.py",
}  # fmt: skip
NOT_DRILLED = {
    "staging.commit": "a Postgres server's own transaction (tests/backends/test_postgres.py)",
    "record.payload": "`mirrorlake record` adds to the recordings, not to the lake (tests/sources/test_record.py)",
    "record.locations": "as record.payload",
    "job.progress": "words of a job in the cloud to the stage that waits for it (tests/rehearsal/test_gold_job.py)",
    "job.result": "as job.progress",
    "validate.probe": "one object of its own, which it deletes again (tests/flow/test_validate.py)",
    "mirror.identity": "the copy that --write-s3 makes of the lake (tests/unit/test_mirror.py)",
    "mirror.claim": "as mirror.identity",
    "mirror.object": "as mirror.identity",
    "mirror.delete": "as mirror.identity",
    "mirror.record": "as mirror.identity",
    "deploy.artifact": "what jobs run from, in a bucket of its own (tests/rehearsal/test_deploy.py)",
    "publish.swap": "Snowflake's own statement (tests/rehearsal/test_snowflake_publish.py)",
}


def sites(root: Path = REPOSITORY) -> dict[str, set[str]]:
    """Site to the files that write by it; ``root`` is the folder of the packages."""
    found: dict[str, set[str]] = {}
    for package in ("lake", "warehouse", "pipeline"):
        for path in (root / package).rglob("*.py"):
            name = path.relative_to(root).as_posix()
            for call in (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)):
                for site in _sites(call, name):
                    found.setdefault(site, set()).add(name)
    return found


def _sites(call: ast.Call, file: str) -> list[str]:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function not in TAKING_A_SITE:
        return []
    place = TAKING_A_SITE[function]
    given = [word.value for word in call.keywords if word.arg == "site"]
    if not given and place is not None and len(call.args) > place:
        given = [call.args[place]]
    if not given:
        return []
    if isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        site = given[0].value
        if function == "drop" and not site.endswith(".drop"):
            return []  # of a column
        return [f"{site}.file", f"{site}.pointer"] if function == "finish" else [site]
    if function == "committing" and file not in HANDING_ON:
        raise AssertionError(f"{file}:{call.lineno} commits by a site that cannot be read from the source")
    return []
