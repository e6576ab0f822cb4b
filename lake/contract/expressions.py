"""The common subset of SQL for a contract's cross-field rules: read, checked and typed without a database.

    expression: comparison, AND, OR, NOT, + - * /, IS [NOT] NULL, [NOT] BETWEEN, [NOT] IN, columns, numbers, 'text'

What would differ between backends is refused: functions, casts, division of integers or by anything but a number,
text compared with numbers. The tree is made of tuples: ``("and", left, right)``, ``("column", name)``, ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lake.contract.model import Kind
from lake.errors import ContractError

SUBSET = (
    "columns, numbers, 'text', true, false, + - * /, = <> < <= > >=, AND, OR, NOT, IS [NOT] NULL, "
    "[NOT] BETWEEN, [NOT] IN (...)"
)
Tree = tuple[Any, ...]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><=|>=|<>|!=|[=<>+\-*/(),]))"
)
_KEYWORDS = frozenset({"and", "or", "not", "is", "null", "between", "in", "true", "false"})
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_NUMBERS = frozenset({"integer", "float", "decimal"})


@dataclass(frozen=True)
class Expression:
    """A checked expression: its text with normal spacing, its tree, the columns that it reads in order of reading."""

    text: str
    tree: Tree
    columns: tuple[str, ...]


def parse(text: str, kinds: Mapping[str, Kind]) -> Expression:
    """Read an expression over columns of the given kinds; ContractError where it leaves the subset."""
    parser = _Parser(text, kinds)
    tree, kind = parser.disjunction()
    if parser.peek():
        raise parser.refuse(f"{parser.peek()!r} was not expected there")
    if kind != "boolean":
        raise parser.refuse(f"it gives a {kind}, not true or false")
    if not parser.columns:
        raise parser.refuse("it reads no column")
    return Expression(" ".join(text.split()), tree, tuple(dict.fromkeys(parser.columns)))


class _Parser:
    """Recursive descent; each method gives ``(tree, kind)``."""

    def __init__(self, text: str, kinds: Mapping[str, Kind]) -> None:
        self.text = text
        self.kinds = kinds
        self.columns: list[str] = []
        self.tokens: list[str] = []
        self.next = 0
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if not match:
                raise self.refuse(f"{stripped[position:].split()[0]!r} is not part of it")
            token = match.group().strip()
            self.tokens.append(token.lower() if token.lower() in _KEYWORDS else token)
            position = match.end()

    def refuse(self, what: str) -> ContractError:
        return ContractError(f"expression {self.text!r}: {what}", fix=f"use only the common subset: {SUBSET}")

    def peek(self) -> str:
        return self.tokens[self.next] if self.next < len(self.tokens) else ""

    def take(self, *choices: str) -> str:
        """The next token if it is one of the choices, else nothing."""
        token = self.peek()
        if token and token in choices:
            self.next += 1
            return token
        return ""

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.refuse(f"{token!r} is missing before {self.peek() or 'its end'!r}")

    def disjunction(self) -> tuple[Tree, str]:
        tree, kind = self.conjunction()
        while self.take("or"):
            right, other = self.conjunction()
            tree, kind = ("or", tree, right), self._both_boolean("OR", kind, other)
        return tree, kind

    def conjunction(self) -> tuple[Tree, str]:
        tree, kind = self.negation()
        while self.take("and"):
            right, other = self.negation()
            tree, kind = ("and", tree, right), self._both_boolean("AND", kind, other)
        return tree, kind

    def negation(self) -> tuple[Tree, str]:
        if self.take("not"):
            tree, kind = self.negation()
            return ("not", tree), self._both_boolean("NOT", kind, kind)
        return self.comparison()

    def comparison(self) -> tuple[Tree, str]:
        tree, kind = self.sum()
        if sign := self.take(*_COMPARISONS, "!="):
            right, other = self.sum()
            self._comparable(kind, other, ordered=sign not in ("=", "<>", "!="))
            if self.peek() in _COMPARISONS:
                raise self.refuse("comparisons cannot be chained; join them by AND")
            return ("<>" if sign == "!=" else sign, tree, right), "boolean"
        if self.take("is"):
            negated = self.take("not")
            self.need("null")
            return (("not", ("is_null", tree)) if negated else ("is_null", tree)), "boolean"
        negated = self.take("not")
        if self.take("between"):
            low, low_kind = self.sum()
            self.need("and")
            high, high_kind = self.sum()
            self._comparable(kind, low_kind, ordered=True)
            self._comparable(kind, high_kind, ordered=True)
            found: Tree = ("between", tree, low, high)
        elif self.take("in"):
            found = ("in", tree, self._list(kind))
        elif negated:
            raise self.refuse("NOT must be followed by BETWEEN or IN there")
        else:
            return tree, kind
        return (("not", found) if negated else found), "boolean"

    def _list(self, kind: str) -> tuple[Tree, ...]:
        self.need("(")
        values: list[Tree] = []
        while not values or self.take(","):
            tree, other = self.factor()
            if tree[0] not in ("number", "text", "boolean"):
                raise self.refuse("IN takes a list of numbers or texts")
            self._comparable(kind, other)
            values.append(tree)
        self.need(")")
        return tuple(values)

    def sum(self) -> tuple[Tree, str]:
        tree, kind = self.product()
        while sign := self.take("+", "-"):
            right, other = self.product()
            tree, kind = (sign, tree, right), self._number(sign, kind, other)
        return tree, kind

    def product(self) -> tuple[Tree, str]:
        tree, kind = self.factor()
        while sign := self.take("*", "/"):
            right, other = self.factor()
            if sign == "/" and (right[0] != "number" or "." not in right[1] or float(right[1]) == 0):
                raise self.refuse("divide only by a number with a decimal point that is not zero, such as 2.0")
            tree, kind = (sign, tree, right), self._number(sign, kind, other)
        return tree, kind

    def factor(self) -> tuple[Tree, str]:
        if self.take("("):
            tree, kind = self.disjunction()
            self.need(")")
            return tree, kind
        if self.take("-"):
            tree, kind = self.factor()
            return ("negative", tree), self._number("-", kind, kind)
        token = self.peek()
        if not token:
            raise self.refuse("it ends too early")
        self.next += 1
        if token[0].isdigit():
            return ("number", token), "decimal" if "." in token else "integer"
        if token[0] == "'":
            return ("text", token[1:-1].replace("''", "'")), "string"
        if token in ("true", "false"):
            return ("boolean", token == "true"), "boolean"  # noqa: S105 (a token of a grammar)
        return self._column(token)

    def _column(self, token: str) -> tuple[Tree, str]:
        if token in _KEYWORDS or not (token[0].isalpha() or token[0] == "_"):
            raise self.refuse(f"{token!r} was not expected there")
        if self.peek() == "(":
            raise self.refuse(f"the function {token}() is not in the subset")
        if token not in self.kinds:
            known = ", ".join(self.kinds)
            raise ContractError(f"expression {self.text!r}: no column {token!r}", fix=f"choose one of: {known}")
        self.columns.append(token)
        return ("column", token), self.kinds[token]

    def _both_boolean(self, word: str, left: str, right: str) -> str:
        if left != "boolean" or right != "boolean":
            raise self.refuse(f"{word} takes conditions, not a {left if left != 'boolean' else right}")
        return "boolean"

    def _number(self, sign: str, left: str, right: str) -> str:
        if left not in _NUMBERS or right not in _NUMBERS:
            raise self.refuse(f"{sign} takes numbers, not a {left if left not in _NUMBERS else right}")
        for kind in ("float", "decimal"):
            if kind in (left, right):
                return kind
        return "decimal" if sign == "/" else "integer"

    def _comparable(self, left: str, right: str, *, ordered: bool = False) -> None:
        if ordered and left in ("string", "boolean"):
            raise self.refuse(f"backends order a {left} differently; compare it by = , <> or IN")
        if left != right and not (left in _NUMBERS and right in _NUMBERS):
            raise self.refuse(f"a {left} is compared with a {right}")
