"""Whether a stage has anything to do: what it depended on when it last succeeded, by word, and what it made.

A stage is unchanged if both are as they were. Because the words are kept and not only a hash, ``plan`` can say why.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from lake import layout
from pipeline.settings import project_root

if TYPE_CHECKING:
    from lake.storage.objects import Objects

Parts = dict[str, object]
LONGEST_LIST = 40  # entries; longer ones are remembered as their number and hash
PACKAGES = ("lake", "warehouse", "pipeline")
DBT = "dbt"
_CODE = (".py", ".sql", ".yml", ".yaml", ".html", ".css")
_NO_CODE = frozenset({"__pycache__", "target", "logs", "dbt_packages", "contracts"})  # contracts count by digest


@dataclass(frozen=True)
class Remembered:
    """What a stage's last success depended on (``inputs``), what it made (``outputs``), and which run that was."""

    inputs: Parts
    outputs: Parts
    run_id: str


def parts(values: Mapping[str, object]) -> Parts:
    """``values`` as they come back from JSON, so that they compare equal to remembered ones."""
    decoded = json.loads(json.dumps(_shortened(values), default=str))
    assert isinstance(decoded, dict)
    return decoded


def _shortened(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _shortened(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        if len(value) <= LONGEST_LIST:
            return [_shortened(each) for each in value]
        return {"entries": len(value), "hash": hash_of(value)}
    return value


def hash_of(value: object) -> str:
    """A hash of what JSON can say, in the order in which it is given."""
    return hashlib.blake2b(json.dumps(value, default=str).encode(), digest_size=16).hexdigest()


def read(objects: Objects, stage: str) -> Remembered | None:
    """What the stage's last success left; None before the first, or if the file is no longer readable."""
    data = objects.get_or_none(layout.fingerprint(stage))
    if data is None:
        return None
    try:
        raw = json.loads(data)
        return Remembered(dict(raw["inputs"]), dict(raw["outputs"]), str(raw["run_id"]))
    except (ValueError, KeyError, TypeError):
        return None  # then the stage runs, which is always right


def write(objects: Objects, stage: str, inputs: Parts, outputs: Parts, run_id: str) -> None:
    """Remember a success."""
    document = {"stage": stage, "run_id": run_id, "inputs": inputs, "outputs": outputs}
    objects.put(layout.fingerprint(stage), json.dumps(document, indent=1).encode(), "fingerprint")


def explain(old: Mapping[str, object] | None, new: Mapping[str, object]) -> list[str]:
    """What changed between remembered and present parts, in words; [] if nothing did."""
    if old is None:
        return ["has not succeeded yet"]
    return [line for key in sorted({*old, *new}) for line in _difference(key, old.get(key), new.get(key))]


def _difference(name: str, old: object, new: object) -> Iterator[str]:
    if old == new:
        return
    label = name.replace("_", " ")
    counts = (_entries(old), _entries(new))
    if counts[0] is not None and counts[1] is not None and not (isinstance(old, list) and isinstance(new, list)):
        yield _counted(label, counts[0], counts[1])
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _difference(f"{name} {key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
        words = [f"{len(come)} new" if come else "", f"{len(gone)} gone" if gone else ""]
        yield f"{label}: {', '.join(filter(None, words)) or 'another order'}"
    elif old is None or new is None:
        yield f"{label}: {'new' if old is None else 'gone'}"
    elif _is_hash(old) and _is_hash(new):
        yield f"{label} changed"
    else:
        yield f"{label}: {_brief(old)} -> {_brief(new)}"


def _counted(label: str, old: int, new: int) -> str:
    if old == new:
        return f"{label}: {new:,} entries, other ones"
    return f"{label}: {abs(new - old):,} {'more' if new > old else 'fewer'} ({old:,} -> {new:,})"


def _entries(value: object) -> int | None:
    """How many entries a list has, remembered in full or not; None for anything else."""
    if isinstance(value, list):
        return len(value)
    return int(value["entries"]) if isinstance(value, dict) and set(value) == {"entries", "hash"} else None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) >= 16 and set(value) <= set("0123456789abcdef")


def _brief(value: object) -> str:
    return str(value) if len(str(value)) <= 60 else f"{str(value)[:57]}..."


def made_by(code: Sequence[str], libraries: Sequence[str]) -> Parts:
    """What a stage's rows are made by: the hash of that code of ours, and the versions of these libraries."""
    return {"code": code_hash(*code), "libraries": {name: library_version(name) for name in libraries}}


@cache
def library_version(name: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@cache
def code_hash(*parts: str) -> str:
    """A hash of what computes: of these packages, folders of packages and ``dbt`` (the project's), or of them all.

    By content, so a checkout changes nothing. Computed once per process (it takes a few milliseconds). Contracts are
    not in it: each stage counts their digests.
    """
    package_root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=16)
    for name in parts or (*PACKAGES, DBT):
        folder = str(project_root() / name if name == DBT else package_root / name)
        for path in sorted(_code_files(folder)):
            digest.update(path.removeprefix(folder).encode() + b"\0")
            digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _code_files(folder: str) -> Iterator[str]:
    if not Path(folder).is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NO_CODE:
                    yield from _code_files(entry.path)
            elif entry.name.endswith(_CODE):
                yield entry.path
