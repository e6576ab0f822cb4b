"""The YAML document of a contract as a reader sees it: typed access, and every fault kept with its place and remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lake.contract.yaml_file import Where, line_of
from lake.errors import ContractError

_SHOWN = 20
_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "whole number": (int,),
    "true or false": (bool,),
    "mapping": (dict,),
    "list": (list,),
    "value": (str, int, float, bool),
}


@dataclass
class Problems:
    """Every fault found in one file; lines are looked up only when there is one."""

    path: Path
    text: str
    found: list[ContractError] = field(default_factory=list)

    def add(self, where: Where, what: str, fix: str | None = None) -> None:
        """Note a fault at ``where``, a path of keys and positions in the document."""
        line = line_of(self.text, self.path, where)
        self.found.append(ContractError(what, where=f"{self.path}:{line}", fix=fix))

    def choice(self, where: Where, kind: str, given: object, known: Collection[str]) -> None:
        """Note a name that is not one of the known ones, and list those."""
        self.add(where, f"unknown {kind}: {given!r}", f"choose one of: {', '.join(known) or '(none)'}")

    def raise_if_any(self) -> None:
        """Raise the only fault, or one error that tells all of them."""
        raise_all(self.found)


class ManyContractsError(ContractError):
    """Several faults at once, each as an error of its own in ``errors``."""

    def __init__(self, errors: Sequence[ContractError]) -> None:
        self.errors = tuple(errors)
        shown = [str(error) for error in errors[:_SHOWN]]
        if len(errors) > _SHOWN:
            shown.append(f"... and {len(errors) - _SHOWN} more")
        super().__init__(f"{len(errors)} errors in contracts\n" + "\n".join(shown))


def raise_all(found: Iterable[ContractError]) -> None:
    """Raise nothing, the only error, or one ManyContractsError that tells all of them."""
    errors = [single for error in found for single in getattr(error, "errors", (error,))]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyContractsError(errors)


@dataclass
class Section:
    """One mapping of the document. What it holds wrongly is noted in ``problems`` and read as absent."""

    values: dict[str, Any]
    where: Where
    problems: Problems

    def allow(self, *groups: Collection[str]) -> Section:
        """Note every key that is in none of the groups; gives the section itself."""
        for key in self.values:
            if not any(key in group for group in groups):
                self.problems.choice((*self.where, key), "key", key, sorted(set().union(*groups)))
        return self

    def fault(self, key: str, what: str, fix: str | None = None) -> None:
        """Note what is wrong with the value of a key."""
        self.problems.add((*self.where, key), what, fix)

    def get(self, key: str, kind: str, *, required: bool = False) -> Any:
        """The value of a key if it is of that kind (a key of ``_KINDS``), else None."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.problems.add(self.where, f"{key!r} is missing", f"add {key}, a {kind}")
            return None
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind not in ("true or false", "value")):
            self.fault(key, f"{key!r} must be a {kind}, not {value!r}")
            return None
        return value

    def text(self, key: str, *, required: bool = False) -> str:
        """The text of a key, empty where there is none."""
        return self.get(key, "text", required=required) or ""

    def flag(self, key: str) -> bool:
        """Whether a key is set and true."""
        return self.get(key, "true or false") or False

    def choose(self, key: str, kind: str, known: Collection[str], default: str) -> Any:
        """The value of a key that must be one of the known words."""
        value = self.get(key, "text")
        if value is not None and value not in known:
            self.problems.choice((*self.where, key), kind, value, known)
            return default
        return default if value is None else value

    def section(self, key: str) -> Section:
        """The mapping of a key, empty where there is none."""
        return Section(self.get(key, "mapping") or {}, (*self.where, key), self.problems)

    def sections(self, key: str, *, required: bool = False) -> Iterator[Section]:
        """Each mapping of a list."""
        for index, value in enumerate(self.get(key, "list", required=required) or []):
            where = (*self.where, key, index)
            if isinstance(value, dict):
                yield Section(value, where, self.problems)
            else:
                self.problems.add(where, f"an entry of {key!r} must be a mapping, not {value!r}")

    def custom(self, known: Collection[str]) -> Section:
        """The customProperties as one section, by name; unknown and doubled ones are noted."""
        values: dict[str, Any] = {}
        for entry in self.sections("customProperties"):
            entry.allow(("property", "value", "description", "id"))
            name = entry.text("property", required=True)
            if name and name not in known:
                self.problems.choice(entry.where, "custom property", name, sorted(known))
            elif name in values:
                self.problems.add(entry.where, f"the custom property {name!r} stands twice")
            elif name:
                values[name] = entry.values.get("value")
        return _CustomSection(values, (*self.where, "customProperties"), self.problems, self)


@dataclass
class _CustomSection(Section):
    """Custom properties by name; a fault points to the entry with that name."""

    parent: Section | None = None

    def fault(self, key: str, what: str, fix: str | None = None) -> None:
        entries = self.parent.values["customProperties"] if self.parent else []
        index = next((i for i, entry in enumerate(entries) if entry.get("property") == key), 0)
        self.problems.add((*self.where, index), what, fix)

    def choose(self, key: str, kind: str, known: Collection[str], default: str) -> Any:
        value = self.get(key, "text")
        if value is not None and value not in known:
            self.fault(key, f"unknown {kind}: {value!r}", f"choose one of: {', '.join(known)}")
            return default
        return default if value is None else value
