"""Statements about the account, which DuckDB has not: recorded, answered as if done, and otherwise without effect.

Rights of roles are so not enforced, warehouses cost nothing, integrations connect nothing. Users are kept, because
their public keys decide who logs in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

DONE = "SELECT 'Statement executed successfully.' AS \"status\""
_ACCOUNT = re.compile(
    r"\s*(?:"
    r"(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:TRANSIENT\s+)?"
    r"(?:WAREHOUSE|ROLE|USER|(?:STORAGE\s+|NOTIFICATION\s+|SECURITY\s+|API\s+)?INTEGRATION|RESOURCE\s+MONITOR|TASK"
    r"|STREAM|PIPE|NETWORK\s+POLICY|NETWORK\s+RULE|TAG|MASKING\s+POLICY|ROW\s+ACCESS\s+POLICY|ACCOUNT"
    r"|AUTHENTICATION\s+POLICY)\b"
    r"|(?:GRANT|REVOKE)\s"
    r"|ALTER\s+SESSION\s+(?:SET|UNSET)\s+(?!AUTOCOMMIT)"
    r"|USE\s+(?:ROLE|WAREHOUSE|SECONDARY\s+ROLES)\b"
    r"|ALTER\s+(?:DATABASE|SCHEMA)\s+(?:IF\s+EXISTS\s+)?\S+\s+(?:SET|UNSET|ENABLE|DISABLE)\b"
    r"|ALTER\s+(?:TABLE|VIEW|DYNAMIC\s+TABLE)\s+(?:IF\s+EXISTS\s+)?\S+\s+(?:SET|UNSET)\s+(?:TAG|DATA_RETENTION|COMMENT"
    r"|CHANGE_TRACKING|SECURE)\b"
    r"|COMMENT\s+(?:IF\s+EXISTS\s+)?ON\s+(?:ROLE|USER|WAREHOUSE|INTEGRATION|DATABASE|SCHEMA)\b"
    r")",
    re.I,
)
_SHOWN = re.compile(
    r"\s*(?:SHOW\s+(?:TERSE\s+)?(?P<what>(?:FUTURE\s+)?GRANTS|ROLES|(?:STORAGE\s+)?INTEGRATIONS|NETWORK\s+POLICIES"
    r"|RESOURCE\s+MONITORS|TASKS|STREAMS|DYNAMIC\s+TABLES)|DESC(?:RIBE)?\s+(?:STORAGE\s+)?(?P<one>INTEGRATION|USER))\b",
    re.I,
)
_COLUMNS = {
    "GRANTS": "created_on privilege granted_on name granted_to grantee_name grant_option granted_by",
    "FUTURE GRANTS": "created_on privilege grant_on name grant_to grantee_name grant_option",
    "ROLES": "created_on name is_default is_current is_inherited assigned_to_users granted_to_roles comment owner",
    "INTEGRATIONS": "name type category enabled comment created_on",
    "INTEGRATION": "property property_type property_value property_default",
    "USER": "property value default description",
}
_USER = re.compile(
    r"\s*(?P<verb>CREATE|ALTER)\s+(?:OR\s+REPLACE\s+)?USER\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?\"?(?P<name>\w+)", re.I
)
_KEY = re.compile(r"RSA_PUBLIC_KEY(?:_2)?\s*=\s*'(?P<key>[^']+)'", re.I)
_USE = re.compile(r"\s*USE\s+(?P<what>ROLE|WAREHOUSE)\s+\"?(?P<name>\w+)", re.I)


@dataclass
class Account:
    """The users of the account with their public keys (PEM), and where its statements are recorded."""

    name: str
    record: Path
    users: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, statement: str, user: str) -> str | None:
        """The SQL that answers ``statement`` in its place; None where it is none about the account."""
        shown = _SHOWN.match(statement)
        if shown:
            return _nothing((shown["what"] or shown["one"]).upper())
        if not _ACCOUNT.match(statement):
            return None
        with self.record.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"user": user, "statement": _masked(statement)}) + "\n")
        self._users(statement)
        return DONE

    def _users(self, statement: str) -> None:
        named, key = _USER.match(statement), _KEY.search(statement)
        if named:
            keys = self.users.setdefault(named["name"].upper(), [])
            if key:
                body = re.sub(r"-----[A-Z ]+-----|\s", "", key["key"])
                keys[:] = [f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"]


def used(statement: str) -> tuple[str, str] | None:
    """``(ROLE or WAREHOUSE, name)`` of a statement USE."""
    found = _USE.match(statement)
    return (found["what"].upper(), found["name"].upper()) if found else None


def _nothing(what: str) -> str:
    """An answer without rows, in the columns that clients read."""
    columns = _COLUMNS.get(re.sub(r"^STORAGE\s+", "", re.sub(r"\s+", " ", what)), "created_on name owner comment")
    return "SELECT " + ", ".join(f'NULL::VARCHAR AS "{name}"' for name in columns.split()) + " WHERE FALSE"


def _masked(statement: str) -> str:
    return _KEY.sub("RSA_PUBLIC_KEY = '****'", statement).strip()
