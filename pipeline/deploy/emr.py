"""The application of EMR Serverless that may build gold in Glue's place: found, or made where a name was given.

A job run names script, wheel and jars itself, so there is nothing else to register.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lake.errors import CloudError
from pipeline.aws_client import asking
from pipeline.deploy import Deployed

RELEASE = "emr-7.12.0"  # Spark 3.5.6
_ID = re.compile(r"[0-9a-z]{13,64}\Z")
_GONE = ("TERMINATED",)


def applications(client: Any, where: str) -> list[dict[str, Any]]:
    """All that can still run a job; CloudError."""
    with asking("list the applications", where):
        pages = client.get_paginator("list_applications").paginate()
        return [each for page in pages for each in page["applications"] if each["state"] not in _GONE]


def called(given: str | None, among: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The application whose id or name is ``given``."""
    return next((each for each in among if given in (each["id"], each.get("name"))), None)


def register_application(client: Any, given: str, *, dry: bool) -> tuple[Deployed, str]:
    """The application that ``given`` (id or name) stands for, and its id; CloudError where an id is not there."""
    living = applications(client, "EMR Serverless")
    there = called(given, living)
    if there is not None:
        return Deployed("emr application", given, "unchanged", there["id"]), str(there["id"])
    if _ID.match(given) and any(sign.isdigit() for sign in given):
        known = ", ".join(sorted(each["id"] for each in living)) or "(none)"
        raise CloudError(
            f"there is no application {given!r} of EMR Serverless",
            where="setting deploy.emr_application",
            fix=f"give one of: {known}; or a name, which is then created",
        )
    if dry:
        return Deployed("emr application", given, "new", "(made by the deployment)"), ""
    with asking("create the application", f"EMR Serverless {given}"):
        made = client.create_application(name=given, releaseLabel=RELEASE, type="SPARK", architecture="X86_64")
    return Deployed("emr application", given, "new", made["applicationId"]), str(made["applicationId"])
