"""Tells somebody that a run failed: a webhook, a command, or nobody (the default). Never delays or fails a run.

Each is given the same JSON: run, environment, status and the error of each failed stage, masked.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from typing import TYPE_CHECKING

from lake.errors import ConfigError
from pipeline.observe import logs
from pipeline.secret import mask

if TYPE_CHECKING:
    from pipeline.outcome import RunOutcome
    from pipeline.settings import AlertsSettings, Secret


def notify(settings: AlertsSettings, outcome: RunOutcome) -> bool:
    """Send an alert if the run did not end well and somebody wants to know; waits at most ``timeout_seconds``.

    Whether nobody who wants to know is left untold.
    """
    if outcome.exit_code == 0 or not (settings.webhook_url or settings.command):
        return True
    body = message(outcome)
    told: list[str] = []
    ways = []
    if settings.webhook_url:
        ways.append(threading.Thread(target=_post, args=(settings.webhook_url, body, settings.timeout_seconds, told)))
    if settings.command:
        ways.append(threading.Thread(target=_execute, args=(settings.command, body, settings.timeout_seconds, told)))
    for way in ways:
        way.daemon = True
        way.start()
    for way in ways:
        way.join(settings.timeout_seconds)
    return len(told) == len(ways)


def message(outcome: RunOutcome) -> bytes:
    """What is told."""
    stages = [
        {"stage": stage.stage, "status": stage.status, "error": mask(stage.error or "; ".join(stage.problems))}
        for stage in outcome.stages
        if not stage.ok
    ]
    return json.dumps({"run_id": outcome.run_id, "env": outcome.env, "status": "failed", "stages": stages}).encode()


def _post(url: Secret, body: bytes, timeout_seconds: float, told: list[str]) -> None:
    import httpx

    try:
        headers = {"Content-Type": "application/json"}
        httpx.post(url.reveal(), content=body, headers=headers, timeout=timeout_seconds).raise_for_status()
        told.append("webhook")
    except (httpx.HTTPError, httpx.InvalidURL, ConfigError) as error:
        logs.event("alert_failed", way="webhook", reason=str(error))


def _execute(command: str, body: bytes, timeout_seconds: float, told: list[str]) -> None:
    try:
        # The command comes from the user's own settings and is not passed through a shell.
        subprocess.run(shlex.split(command), input=body, timeout=timeout_seconds, check=True, capture_output=True)  # noqa: S603
        told.append("command")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        logs.event("alert_failed", way="command", reason=str(error))
