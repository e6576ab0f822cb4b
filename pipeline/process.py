"""Who is at work: this process as others can recognise it, and whether another one on this machine still lives."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """``machine`` tells boots and containers apart; ``started`` (clock ticks) from a later one of its number."""

    user: str
    host: str
    machine: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host}, process {self.pid}"


def this_process() -> Process:
    """This process."""
    host = socket.gethostname()
    return Process(_user(), host, _machine(host), os.getpid(), _started(os.getpid()))


def is_dead(process: Process) -> bool:
    """True only if it is certain: it ran on this machine, in this boot and container, and is gone."""
    if process.machine != _machine(socket.gethostname()):
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, and belongs to somebody else
    return process.started != _started(process.pid)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # a container may run under a number without a name


def _machine(host: str) -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return host  # no /proc: macOS


def _started(pid: int) -> str:
    """When the process started, in ticks since boot (field 22 of proc(5)'s stat); empty where that is not known.

    A zombie, which is dead but not yet collected by its parent, counts as gone.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
