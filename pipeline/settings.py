"""The one switch: a profile's name becomes typed settings. The only code that reads the environment, when called.

Order, the later wins: built-in default < ``profiles/<env>.toml`` < the stand-ins at work (``rehearsal`` only) <
``--config`` file < ``.env`` < ``.env.<env>`` < environment (``MIRRORLAKE_<SECTION>_<KEY>``) < command line. Relative
paths are relative to the project, wherever they are written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

from lake.errors import ConfigError, UnknownChoiceError
from pipeline import spelling
from pipeline.secret import Secret, mask
from pipeline.secrets_manager import SecretsManager
from pipeline.settings_airflow import AirflowSettings
from pipeline.settings_databases import (
    DbtSettings,
    PublishSettings,
    SnowflakeSettings,
    StagingSettings,
    WarehouseSettings,
)
from pipeline.settings_gold import GoldSettings, SparkSettings
from pipeline.settings_layers import DEBUG, Found, from_file, from_options, from_variables, read_dotenv
from pipeline.settings_model import (
    REHEARSAL,
    AlertsSettings,
    DeploySettings,
    LakeSettings,
    LeaseSettings,
    RunSettings,
    S3Settings,
    Settings,
    SourceSettings,
    SourcesSettings,
)
from pipeline.settings_values import Leaf, leaves

__all__ = [
    "AirflowSettings",
    "AlertsSettings",
    "DbtSettings",
    "DeploySettings",
    "GoldSettings",
    "LakeSettings",
    "LeaseSettings",
    "PublishSettings",
    "RunSettings",
    "S3Settings",
    "Secret",
    "Settings",
    "SnowflakeSettings",
    "SourceSettings",
    "SourcesSettings",
    "SparkSettings",
    "StagingSettings",
    "WarehouseSettings",
    "load_settings",
    "project_root",
    "settings_at_work",
]

MARKER = Path("profiles/dev.toml")
STANDINS = "standins.env"  # in the data folder, while the stand-ins of the rehearsal are up


def project_root() -> Path:
    """The folder that holds profiles/, dbt/ and samples/.

    ``MIRRORLAKE_ROOT`` wins; then the current folder and those above it, then those above the installed package.
    """
    named = os.environ.get("MIRRORLAKE_ROOT")
    if named:
        folder = Path(named).expanduser().resolve()
        if (folder / MARKER).is_file():
            return folder
        raise ConfigError(f"{folder} is no Mirrorlake project: it has no {MARKER}", where="environment MIRRORLAKE_ROOT")
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / MARKER).is_file():
            return folder
    raise ConfigError(
        f"no Mirrorlake project found: neither {here} nor a folder above it has {MARKER}",
        fix="change into the project, or set MIRRORLAKE_ROOT to its folder",
    )


def is_debugging() -> bool:
    """Whether tracebacks of unexpected errors are shown: ``MIRRORLAKE_DEBUG`` is set, and not to 0."""
    return os.environ.get(DEBUG, "0") not in ("", "0")


def load_settings(
    env: str | None = None, config: Path | None = None, overrides: Mapping[str, str] | None = None
) -> Settings:
    """The settings of one environment.

    ``env`` is the profile's name (None: ``LAKE_ENV``, then ``dev``), ``config`` one more TOML file, ``overrides`` maps
    dotted keys (``gold.engine``) to text, as given on the command line. Raises ConfigError or UnknownChoiceError that
    name the place (file and line, or variable) and what would have been right.
    """
    root = project_root()
    known = leaves(Settings)
    dotenv_name = os.environ.get("MIRRORLAKE_DOTENV", ".env")
    dotenv = _dotenv(root, dotenv_name)
    env = _environment_name(root, env, dotenv)
    profile = from_file(root / "profiles" / f"{env}.toml", f"profiles/{env}.toml", known)
    stronger: dict[str, Found] = {}
    if config is not None:
        stronger |= from_file(config.expanduser(), str(config), known)
    stronger |= from_variables(dotenv, dotenv_name, known)
    own_name = dotenv_name and f"{dotenv_name}.{env}"
    stronger |= from_variables(_dotenv(root, own_name), own_name, known)
    stronger |= from_variables(os.environ, "environment", known)
    stronger |= from_options(overrides or {}, known)
    found = {key: Found(leaf.default, "built-in default") for key, leaf in known.items()} | profile
    found |= _standins(root, env, (found | stronger)["data"], known) | stronger
    settings = _build(root, env, known, found)
    said = ("command line", "environment ", *([str(config)] if config else ()))
    spelling.note(
        env=env if env != (dotenv.get("LAKE_ENV") or "dev") else None,
        data=settings.data if found["data"].origin.startswith(said) else None,
        root=root,
    )
    return settings


def settings_at_work(
    env: str | None = None, config: Path | None = None, overrides: Mapping[str, str] | None = None
) -> Settings:
    """``load_settings`` for who is about to go to the places that they name: ConfigError where stand-ins are not up."""
    settings = load_settings(env, config, overrides)
    settings.require_standins()
    return settings


def _dotenv(root: Path, name: str) -> dict[str, str]:
    """The variables of one such file of the project; none for the empty name."""
    return read_dotenv(root / name, name) if name else {}


def _standins(root: Path, env: str, data: Found, known: Mapping[str, Leaf]) -> dict[str, Found]:
    """What the stand-ins say of themselves while they are up: their addresses, and keys that open nothing else."""
    if env != REHEARSAL:
        return {}
    folder = _expand(known["data"], data, root, {"env": env})
    path = Path(str(folder)) / STANDINS
    return from_variables(read_dotenv(path, STANDINS), STANDINS, known)


def _environment_name(root: Path, given: str | None, dotenv: Mapping[str, str]) -> str:
    """The profile that was asked for; UnknownChoiceError names who asked and lists those that there are."""
    asked = [
        (given, "--env"),
        (os.environ.get("LAKE_ENV"), "environment LAKE_ENV"),
        (dotenv.get("LAKE_ENV"), ".env LAKE_ENV"),
    ]
    name, where = next(((name, where) for name, where in asked if name), ("dev", "built-in default"))
    known = sorted(path.stem for path in (root / "profiles").glob("*.toml"))
    if name not in known:
        raise UnknownChoiceError("environment", name, known, where=where)
    return name


def _build(root: Path, env: str, known: Mapping[str, Leaf], found: Mapping[str, Found]) -> Settings:
    data = _expand(known["data"], found["data"], root, {"env": env})
    names = {"env": env, "data": str(data)}
    values = {key: _expand(leaf, found[key], root, names) for key, leaf in known.items()} | {"data": data}
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


def _expand(leaf: Leaf, found: Found, root: Path, names: Mapping[str, str]) -> object:
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
