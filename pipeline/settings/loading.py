"""Finds the project and its profile, reads every layer, gives the settings. Reads the environment, when called."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lake.errors import ConfigError, UnknownChoiceError
from pipeline import spelling
from pipeline.settings.building import build, expand
from pipeline.settings.layers import DEBUG, DOTENV, Found, from_file, from_options, from_variables, read_dotenv
from pipeline.settings.model import DEFAULT, REHEARSAL, Settings
from pipeline.settings.values import Leaf, leaves

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
    dotenv_name = os.environ.get(DOTENV, ".env")
    dotenv = _dotenv(root, dotenv_name, must=DOTENV in os.environ)
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
    settings = build(root, env, known, found)
    said = ("command line", "environment ", *([str(config)] if config else ()))
    spelling.note(
        env=env if env != (dotenv.get("LAKE_ENV") or DEFAULT) else None,
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


def _dotenv(root: Path, name: str, *, must: bool = False) -> dict[str, str]:
    """The variables of one such file of the project; none for the empty name. One that ``must`` be there was named."""
    if not name:
        return {}
    variables = read_dotenv(root / name, name)
    if variables is not None or not must:
        return variables or {}
    if Path(name).name == STANDINS:
        why, fix = "the stand-ins, which write it, are not up", "start them: just rehearse --keep"
    else:
        why, fix = "there is no such file", f"check the path (it counts from {root}), or unset {DOTENV}"
    raise ConfigError(f"cannot read {name!r}: {why}", where=f"environment {DOTENV}", fix=fix)


def _standins(root: Path, env: str, data: Found, known: Mapping[str, Leaf]) -> dict[str, Found]:
    """What the stand-ins say of themselves while they are up: their addresses, and keys that open nothing else."""
    if env != REHEARSAL:
        return {}
    folder = expand(known["data"], data, root, {"env": env})
    path = Path(str(folder)) / STANDINS
    return from_variables(read_dotenv(path, STANDINS) or {}, STANDINS, known)


def _environment_name(root: Path, given: str | None, dotenv: Mapping[str, str]) -> str:
    """The profile that was asked for; UnknownChoiceError names who asked and lists those that there are."""
    asked = [
        (given, "--env"),
        (os.environ.get("LAKE_ENV"), "environment LAKE_ENV"),
        (dotenv.get("LAKE_ENV"), ".env LAKE_ENV"),
    ]
    name, where = next(((name, where) for name, where in asked if name), (DEFAULT, "built-in default"))
    known = sorted(path.stem for path in (root / "profiles").glob("*.toml"))
    if name not in known:
        raise UnknownChoiceError("environment", name, known, where=where)
    return name
