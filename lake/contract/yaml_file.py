"""Read one YAML file into plain values, strictly: doubled keys are refused, and each value can be found again by line.

Values come straight from libyaml's nodes, which is quicker than the library's own constructor and keeps what it drops.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from lake.errors import ContractError

Where = tuple[str | int, ...]

_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's idea of a scalar: ``no`` and ``on`` are words, a date is text, as the contract's types want them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in ("int", "float", "null", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _compose(text: str, path: Path) -> yaml.Node:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(
            f"not readable as YAML: {error.problem}", where=f"{path}:{line}", fix="mend the YAML at this line"
        ) from None
    except yaml.YAMLError as error:
        raise ContractError(f"not readable as YAML: {error}", where=str(path), fix="write plain UTF-8 text") from None
    finally:
        loader.dispose()
    if node is None:
        raise ContractError("the file is empty", where=str(path), fix="write an ODCS data contract or remove the file")
    return node


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    # What only YAML 1.1 takes for a number (010, 12:30, .inf) stays text, and the reader of the key refuses it.
    with suppress(ValueError):
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    if kind == "null":
        return None
    if not node.style and text in _TRUE:
        return True
    if not node.style and text in _FALSE:
        return False
    return text


def _build(node: yaml.Node, path: Path) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, path) for child in node.value]
    result: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in result or name == "<<":
            what = f"the key {name!r} stands twice" if name in result else "merge keys (<<) are not read"
            raise ContractError(what, where=f"{path}:{key.start_mark.line + 1}", fix="write each key once, in full")
        result[name] = _build(value, path)
    return result


def read_yaml(text: str, path: Path) -> Any:
    """The values of a YAML text: dicts, lists, str, int, float, bool, None. Raises ContractError with file and line."""
    return _build(_compose(text, path), path)


def line_of(text: str, path: Path, where: Where) -> int:
    """The line (from 1) of the value at ``where``, a path of keys and positions; of its nearest parent if absent."""
    node = _compose(text, path)
    line = node.start_mark.line
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1
