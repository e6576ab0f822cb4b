"""What a transformation is made of, as one hash: a changed digest means that its table is built in full.

The digest covers the function and everything of ``lake.transforms`` that it uses, by name, however deep: functions
and constants. Comments, formatting and docstrings do not count, and neither does the engine.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lake.contract.model import Contract
from lake.transforms.model import Transformation


def digest(transformation: Transformation, contracts: Mapping[str, Contract]) -> str:
    """The digest of the code and of the contracts of the table and of all that it reads."""
    parts = [*_code(transformation.function, set())]
    parts += [contracts[name].digest for name in (transformation.name, *transformation.reads)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _code(function: Callable[..., Any], seen: set[object]) -> Iterator[str]:
    if function in seen:
        return
    seen.add(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    yield ast.dump(_without_docstrings(tree))
    names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
    for name in names:
        value = function.__globals__.get(name)
        if inspect.isfunction(value) and _is_ours(value, function):
            yield from _code(value, seen)
        elif isinstance(value, str | int | float | tuple | list | dict):
            yield f"{name}={value!r}"


def _is_ours(value: Callable[..., Any], used_by: Callable[..., Any]) -> bool:
    """Functions of the transformations' package, or of the module of the function that uses them."""
    return value.__module__.startswith("lake.transforms") or value.__module__ == used_by.__module__


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree
