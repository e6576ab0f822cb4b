"""Points dbt's own fixtures at the stand-in; ``python -m rehearsal.conformance`` says where that is."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

pytest_plugins = ["dbt.tests.fixtures.project"]


@pytest.fixture(scope="class")
def dbt_profile_target() -> dict[str, Any]:
    """The target of profiles.yml, as dbt's fixtures ask for it."""
    target: dict[str, Any] = json.loads(os.environ["CONFORMANCE_TARGET"])
    return target
