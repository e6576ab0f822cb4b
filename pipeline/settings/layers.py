"""The layers that settings come from, each read into ``{key: Found}``; names that nobody knows are refused here.

A layer says where each of its values stands (file and line, or variable), so that every later error can.
"""

from __future__ import annotations

import difflib
import io
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lake.errors import ConfigError
from pipeline.settings.values import Leaf, from_text, from_toml

PREFIX = "MIRRORLAKE_"
DEBUG = "MIRRORLAKE_DEBUG"
DOTENV = "MIRRORLAKE_DOTENV"
# No settings: where the project lies, which file of variables to read (empty: none), whether to show tracebacks.
RESERVED = ("MIRRORLAKE_ROOT", DOTENV, DEBUG)


@dataclass(frozen=True)
class Found:
    """A checked value and where it came from (a file with its line, a variable, an option)."""

    value: object
    origin: str


def from_file(path: Path, shown: str, known: Mapping[str, Leaf]) -> dict[str, Found]:
    """A profile or ``--config`` file; ConfigError with file and line for what is wrong in it."""
    text = _text(path, shown)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(
            f"not valid TOML: {error}", where=f"{shown}:{line[1]}" if line else shown, fix="mend the line"
        ) from None
    found = {}
    for key, value in _flat(document, known, text, shown):
        where = f"{shown}:{_line_of(text, key)}"
        found[key] = Found(from_toml(known[key], value, where), where)
    return found


def from_variables(variables: Mapping[str, str], origin: str, known: Mapping[str, Leaf]) -> dict[str, Found]:
    """Every ``MIRRORLAKE_*`` of ``variables``; ``origin`` says whose they are. Others are none of our business."""
    by_variable = {leaf.variable: leaf for leaf in known.values()}
    found = {}
    for name in sorted(variables):
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        leaf = by_variable.get(name)
        if leaf is None:
            names = _nearest(name, [*by_variable, *RESERVED])
            raise ConfigError(f"unknown setting {name}", where=origin, fix=f"known are: {', '.join(names)}")
        where = f"{origin} {name}"
        found[leaf.key] = Found(from_text(leaf, variables[name], where), where)
    return found


def from_options(options: Mapping[str, str], known: Mapping[str, Leaf]) -> dict[str, Found]:
    """Keys that the command line set, as text."""
    unknown = [key for key in options if key not in known]
    if unknown:
        raise _unknown_key(unknown[0], known, "command line")
    return {key: Found(from_text(known[key], text, "command line"), "command line") for key, text in options.items()}


def read_dotenv(path: Path, shown: str) -> dict[str, str] | None:
    """The variables of a ``.env`` file, None without one; ConfigError, with its line, for one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise ConfigError("a folder, not a file of variables", where=shown, fix="move the folder away") from None
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", where=shown, fix="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=shown, fix="check its rights") from None
    from dotenv.parser import parse_stream

    variables = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            where = f"{shown}:{binding.original.line}"
            raise ConfigError("a line that sets no variable", where=where, fix="write NAME=value, one per line")
        if binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
    return variables


def _text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"cannot read the settings file: {reason}", where=shown, fix="check the path") from None


def _flat(
    document: Mapping[str, object], known: Mapping[str, Leaf], text: str, shown: str, prefix: str = ""
) -> Iterable[tuple[str, object]]:
    for name, value in document.items():
        key = prefix + name
        is_section = any(other.startswith(f"{key}.") for other in known)
        if is_section and isinstance(value, dict):
            yield from _flat(value, known, text, shown, f"{key}.")
        elif key in known:
            yield key, value
        else:
            raise _unknown_key(key, known, f"{shown}:{_line_of(text, key)}")


def _unknown_key(key: str, known: Mapping[str, Leaf], where: str) -> ConfigError:
    section, _, name = key.rpartition(".")
    prefix = f"{section}."
    siblings = list(dict.fromkeys(each.removeprefix(prefix).split(".")[0] for each in known if each.startswith(prefix)))
    if section and siblings:
        return ConfigError(
            f"unknown key {name!r} in section [{section}]", where=where, fix=f"known are: {', '.join(siblings)}"
        )
    sections = dict.fromkeys(leaf.section or leaf.key for leaf in known.values())
    return ConfigError(f"unknown section or key {key!r}", where=where, fix=f"known are: {', '.join(sections)}")


def _nearest(name: str, names: list[str]) -> list[str]:
    """The names that people may have meant first; all of them where none is close."""
    return difflib.get_close_matches(name, names, n=5, cutoff=0.7) or names


def _line_of(text: str, key: str) -> int:
    """The line on which ``key`` (or its section) stands in a TOML text; 1 if it is written another way."""
    section, line_of_section = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([\w.\"' -]+?)\s*\]", line)
        if header:
            section = re.sub(r"[\"' ]", "", header[1])
            line_of_section = number if key == section or key.startswith(f"{section}.") else line_of_section
            if key == section:
                return number
        assignment = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if assignment and ".".join(filter(None, [section, re.sub(r"[\"']", "", assignment[1])])) == key:
            return number
    return line_of_section
