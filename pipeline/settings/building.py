"""From what the layers say to typed settings: places made whole, secrets bound, sections filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

from lake.errors import ConfigError
from pipeline.secret import Secret, mask
from pipeline.secrets_manager import SecretsManager
from pipeline.settings.layers import Found
from pipeline.settings.model import S3Settings, Settings
from pipeline.settings.values import Leaf


def build(root: Path, env: str, known: Mapping[str, Leaf], found: Mapping[str, Found]) -> Settings:
    """The settings of ``found``, one value for each key of ``known``. ConfigError where two do not go together."""
    data = expand(known["data"], found["data"], root, {"env": env})
    names = {"env": env, "data": str(data)}
    values = {key: expand(leaf, found[key], root, names) for key, leaf in known.items()} | {"data": data}
    _bind(values)
    origins = {key: (_shown(value), found[key].origin) for key, value in values.items()}
    settings = _instance(Settings, values, "", {"env": env, "root": root, "origins": origins})
    assert isinstance(settings, Settings)
    _check_dates(settings, found)
    return settings


def _check_dates(settings: Settings, found: Mapping[str, Found]) -> None:
    first, last = settings.run.first_date, settings.run.last_date
    if (first is None) != (last is None):
        missing = "run.first_date" if first is None else "run.last_date"
        there = "run.last_date" if first is None else "run.first_date"
        raise ConfigError(f"{there} stands alone", where=found[there].origin, fix=f"set {missing} too, or neither")
    if first and last and last < first:
        raise ConfigError(
            f"run.last_date {last} lies before run.first_date {first}",
            where=found["run.last_date"].origin,
            fix="give dates in order",
        )


def _bind(values: dict[str, object]) -> None:
    """Let secrets by name be looked up, by the means of the section ``[s3]``; its own keys cannot be."""
    s3 = _instance(S3Settings, values, "s3.", {})
    assert isinstance(s3, S3Settings)
    manager = SecretsManager(s3.credentials)
    for key, value in values.items():
        if isinstance(value, Secret) and not key.startswith("s3."):
            values[key] = value.bound(manager.resolve)


def expand(leaf: Leaf, found: Found, root: Path, names: Mapping[str, str]) -> object:
    """Put ``{env}`` and ``{data}`` into a place, and make a relative path one of the project's."""
    if found.value is None or (leaf.type is not Path and not leaf.metadata.get("place")):
        return found.value
    text = str(found.value)
    for name in re.findall(r"\{(\w*)\}", text):
        if name not in names:
            known = " and ".join(f"{{{each}}}" for each in names)
            raise ConfigError(f"{leaf.key} = {mask(text)!r} names {{{name}}}", where=found.origin, fix=f"use {known}")
        text = text.replace(f"{{{name}}}", names[name])
    if "://" in text:
        return text
    path = root / Path(text).expanduser()
    return path if leaf.type is Path else str(path)


def _instance(model: type, values: Mapping[str, object], prefix: str, fixed: Mapping[str, object]) -> object:
    """Fill a section's dataclass, and those below it, from dotted keys."""
    hints = get_type_hints(model)
    arguments = dict(fixed)
    for each in fields(model):
        hint = hints[each.name]
        if isinstance(hint, type) and is_dataclass(hint):
            arguments[each.name] = _instance(hint, values, f"{prefix}{each.name}.", {})
        elif each.name not in arguments:
            arguments[each.name] = values[prefix + each.name]
    return model(**arguments)


def _shown(value: object) -> str:
    """A value as people may see it."""
    if value is None:
        return "(not set)"
    if isinstance(value, Secret):
        return value.shown()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value)
    return mask(str(value))
