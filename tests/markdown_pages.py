"""What the documentation says, as data: commands with how they end and what they show, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ELISION = "…"
_FENCE = re.compile(
    r"(?P<remarks>(?:^<!--[^\n]*-->\n)*)^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^ *```$", re.M | re.S
)
_REMARK = re.compile(r"<!-- (?P<kind>exit|not executed): (?P<value>.+?) -->")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)")


@dataclass
class Command:
    """One command of a page. ``exit_code`` is None where it is not executed, for the reason ``because``."""

    line: int
    text: str
    exit_code: int | None = 0
    because: str = ""
    shown: list[str] = field(default_factory=list)


def pages() -> list[Path]:
    """README.md and every page of docs/, from the repository's root."""
    return [Path("README.md"), *sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "docs").rglob("*.md"))]


def commands(text: str) -> list[Command]:
    """The commands of the ``bash`` and ``console`` blocks, in order.

    In a console, ``$`` begins a command and all else is what it shows. ``<!-- exit: 1 -->`` above a block says how its
    last command ends, ``<!-- not executed: why -->`` that none of it is tried.
    """
    found: list[Command] = []
    for fence in _FENCE.finditer(text):
        if fence["language"] in ("bash", "console"):
            first = text.count("\n", 0, fence.start("text")) + 1
            block = list(_block(fence["text"], first, console=fence["language"] == "console"))
            for remark in _REMARK.finditer(fence["remarks"]):
                _apply(remark["kind"], remark["value"], block)
            found += block
    return found


def _apply(kind: str, value: str, block: list[Command]) -> None:
    if kind == "exit":
        block[-1].exit_code = int(value)
        return
    for command in block:
        command.exit_code, command.because = None, value


def _block(text: str, first: int, *, console: bool) -> Iterator[Command]:
    current: Command | None = None
    for number, line in enumerate(text.splitlines(), first):
        if current is not None and current.text.endswith("\\"):
            current.text = current.text[:-1] + line.strip()
        elif console and not line.startswith("$ "):
            if current is not None:
                current.shown.append(line.rstrip())
        elif line.strip() and not line.strip().startswith("#"):
            if current is not None:
                yield current
            current = Command(number, line.removeprefix("$ ").strip())
    if current is not None:
        yield current


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def spans(text: str) -> list[str]:
    """What stands in single backticks outside blocks, line breaks read as blanks."""
    return [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose(text))]


def links(text: str) -> list[str]:
    """Targets of links and images."""
    return [match["target"] for match in _LINK.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """The headings of a page as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.M)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}
