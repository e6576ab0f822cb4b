"""The stage's side: start the job of this run or join it, wait with progress, and take what it left."""

from __future__ import annotations

import json
import secrets
from time import monotonic as clock
from typing import TYPE_CHECKING

from lake import layout
from lake.errors import CloudError, EngineError, MirrorlakeError
from pipeline.gold_build import Built, code_of
from pipeline.observe import logs
from pipeline.remote import messages
from pipeline.remote.service import Arguments, JobState, Service, service

if TYPE_CHECKING:
    from pipeline.context import RunContext

# Asked again after a tenth of the time that it has taken: a short job is noticed soon, a long one left alone.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PAUSE_SHARE = 0.5, 10.0, 0.1
PATIENCE = 5  # questions in a row that may go unanswered


def build_remotely(context: RunContext, *, full: bool) -> Built:
    """Build gold by a job on the service of the settings. Raises what the job raised, CloudError, EngineError."""
    workspace = context.workspace
    asked = service(workspace)
    # A process of this run that died waiting may have left a job at work: two would only be in each other's way.
    job_id, arguments = asked.running(context.run_id) or (None, _arguments(context, full=full))
    if job_id is None:
        job_id, arguments = _start(asked, context.run_id, arguments)
    logs.event("job", service=asked.name, job=job_id)
    state = _wait(context, asked, job_id, arguments["result"])
    found = messages.result(workspace.objects, arguments["result"])
    if isinstance(found, Built):
        return found  # committed: whatever happened to the job afterwards
    if isinstance(found, MirrorlakeError):
        raise found
    raise EngineError(
        f"the job on {asked.name} ended as {state.word}: {state.message or 'it left no word'}",
        where=asked.log_of(job_id),
        fix="read its log; run again when the reason is gone, nothing is half-done",
    )


def _start(asked: Service, run_id: str, arguments: Arguments) -> tuple[str, Arguments]:
    """Start the job; where the call is refused because an earlier try of it did start one, that one."""
    try:
        return asked.start(arguments), arguments
    except CloudError:
        found = asked.running(run_id)
        if found is None:
            raise
        return found


def _arguments(context: RunContext, *, full: bool) -> Arguments:
    settings = context.workspace.settings
    return {
        "env": settings.env,
        "run_id": context.run_id,
        "full": str(full).lower(),
        "result": layout.job_result(context.run_id, secrets.token_hex(4)),
        "settings": json.dumps(messages.settings_for_job(settings)),
        "code": code_of(context.workspace),
    }


def _wait(context: RunContext, asked: Service, job_id: str, key: str) -> JobState:
    """Ask until it has ended; say each new state, and how many tables are written."""
    began, unanswered, word = clock(), 0, ""
    while True:
        try:
            state = asked.state(job_id)
            unanswered = 0
        except CloudError as error:
            unanswered += 1
            if unanswered == PATIENCE:
                raise
            logs.retrying(str(error), unanswered)
            state = JobState(word)
        if state.word != word:
            logs.event("job is", service=asked.name, job=job_id, state=state.word)
            word = state.word
        if state.ended:
            return state
        told = messages.progress(context.workspace.objects, key)
        if told is not None:
            context.advance("gold", *told)
        pause = min(max((clock() - began) * PAUSE_SHARE, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        if context.interrupted.wait(pause):
            asked.stop(job_id)
            raise EngineError(f"interrupted; the job on {asked.name} was told to stop", where=asked.log_of(job_id))
