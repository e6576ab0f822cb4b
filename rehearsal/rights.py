"""Whether the rights of infra/ are the least: what the stand-in saw asked for, against what the documents allow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import roles
from rehearsal.policies import is_allowed


@dataclass(frozen=True)
class Asked:
    """One request as it was judged: by whom (``user/name``), for which action on which resource."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str]
    allowed: bool


def read(path: Path) -> list[Asked]:
    """The list that the stand-in for AWS keeps, each combination once."""
    if not path.is_file():
        return []
    return [Asked(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def surplus(names: Iterable[str], filled_in: roles.Names, asked: Iterable[Asked]) -> list[str]:
    """The actions that these documents allow and that nothing ``asked`` needed, as ``document.Sid: action``.

    Those that infra/policies/unobserved.json gives a reason for are left out.
    """
    asked = list(asked)
    excuses = json.loads((roles.INFRA / "policies" / "unobserved.json").read_text(encoding="utf-8"))
    found = []
    for name in names:
        excused = {*excuses["*"], *excuses.get(name, {})}
        for sid, action, alone in grants(roles.document(name, filled_in)):
            if action not in excused and not any(_is_needed(alone, action, each) for each in asked):
                found.append(f"{name}.{sid}: {action}")
    return found


def grants(document: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Each action of each statement: the statement's Sid, the action, and a document of that statement alone."""
    return [
        (statement["Sid"], action, {"Version": document["Version"], "Statement": [statement]})
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]


def _is_needed(alone: Mapping[str, Any], action: str, asked: Asked) -> bool:
    return asked.action == action and is_allowed([alone], action, asked.resource, asked.context)
