"""Checks and converts one value of a setting by the type of its field; the words for what would have been right.

TOML gives typed values and is taken strictly; the environment and the command line give text, which is parsed.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal, Union, get_args, get_origin, get_type_hints

from lake.errors import ConfigError, UnknownChoiceError
from pipeline.secret import Secret, has_password

POSITIVE = {"minimum": 1}  # metadata of a whole number that is not 0; as _checked reads it

_WORDS: dict[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date like 2013-07-01",
    Path: "a local path",
    Secret: "a secret (secret:NAME, or a value from the environment)",
    tuple[str, ...]: "a list of texts",
}


@dataclass(frozen=True)
class Leaf:
    """One setting: its dotted key, type (without ``| None``), default and the field's metadata."""

    key: str
    type: object
    optional: bool
    default: object
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "MIRRORLAKE_" + self.key.upper().replace(".", "_")

    @property
    def section(self) -> str:
        """The section that it stands in; empty for the top of a profile."""
        return self.key.rpartition(".")[0]

    def words(self) -> str:
        """What kind of value is right, for people."""
        choices = get_args(self.type) if get_origin(self.type) is Literal else ()
        return f"one of: {', '.join(choices)}" if choices else _WORDS[self.type]


@cache
def leaves(model: type, prefix: str = "") -> dict[str, Leaf]:
    """Every setting of ``model`` and the sections below it, by dotted key, in the order of the fields."""
    hints = get_type_hints(model)
    found: dict[str, Leaf] = {}
    for each in fields(model):
        key = prefix + each.name
        hint, optional = _without_none(hints[each.name])
        if isinstance(hint, type) and is_dataclass(hint):
            found |= leaves(hint, f"{key}.")
        elif not each.metadata.get("fixed"):
            found[key] = Leaf(key, hint, optional, each.default, each.metadata)
    return found


def _without_none(hint: object) -> tuple[object, bool]:
    if get_origin(hint) in {Union, types.UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not types.NoneType]
        return kinds[0], True
    return hint, False


def from_text(leaf: Leaf, text: str, where: str) -> object:
    """The value that ``text`` (of a variable or the command line) means; ConfigError or UnknownChoiceError."""
    if leaf.optional and text == "":
        return None
    parse = _PARSERS.get(leaf.type)
    try:
        value: object = parse(text) if parse else text
    except ValueError:
        raise _wrong(leaf, repr(text), where) from None
    return _checked(leaf, value, where)


def from_toml(leaf: Leaf, value: object, where: str) -> object:
    """A TOML value, taken strictly: ``"3"`` is no number, ``1`` is no truth; secrets may not stand in a file."""
    expected = leaf.type
    if isinstance(value, list) and expected == tuple[str, ...] and all(isinstance(item, str) for item in value):
        return _checked(leaf, tuple(value), where)
    if expected is Secret and isinstance(value, str):
        return _checked(leaf, _secret_in_file(leaf, value, where), where)
    if expected is float and type(value) is int:
        return _checked(leaf, float(value), where)
    if expected is Path and isinstance(value, str) and "://" not in value:
        return _checked(leaf, Path(value), where)
    if type(value) is (str if get_origin(expected) is Literal else expected):
        return _checked(leaf, value, where)
    raise _wrong(leaf, repr(value), where)


def _secret_in_file(leaf: Leaf, value: str, where: str) -> Secret:
    secret = Secret(value)
    if not secret.is_reference and ("://" not in value or has_password(value)):
        raise ConfigError(
            f"{leaf.key} is a secret and must not stand in a file that may be committed",
            where=where,
            fix=f"set {leaf.variable} in the environment or in .env, or write a reference: secret:NAME",
        )
    return secret


def _checked(leaf: Leaf, value: object, where: str) -> object:
    if get_origin(leaf.type) is Literal and value not in get_args(leaf.type):
        raise UnknownChoiceError(leaf.key, str(value), get_args(leaf.type), where=where)
    minimum = leaf.metadata.get("minimum")
    if isinstance(minimum, int | float) and isinstance(value, int | float) and not value >= minimum:
        raise ConfigError(f"{leaf.key} = {value} is too small", where=where, fix=f"give at least {minimum}")
    if leaf.metadata.get("url") and value is not None and not str(value).startswith(("https://", "http://")):
        raise ConfigError(f"{leaf.key} is no web address", where=where, fix="begin it with https:// or http://")
    return value


def _wrong(leaf: Leaf, given: str, where: str) -> ConfigError:
    shown = "****" if leaf.type is Secret else given
    return ConfigError(f"{leaf.key} = {shown} is of the wrong type", where=where, fix=f"give {leaf.words()}")


def _boolean(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


def _path(text: str) -> Path:
    if "://" in text:
        raise ValueError(text)
    return Path(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_PARSERS: dict[object, Callable[[str], object]] = {
    int: int,
    float: _finite,
    bool: _boolean,
    date: lambda text: datetime.strptime(text, "%Y-%m-%d").date(),  # noqa: DTZ007 (a run date is a day, not an instant)
    Path: _path,
    Secret: Secret,
    tuple[str, ...]: lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
}
