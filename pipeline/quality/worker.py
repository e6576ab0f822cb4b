"""The process that checks: ``python -m pipeline.quality.worker``, started with the run because importing takes seconds.

It imports at once, says ``ready``, then answers each request (one JSON object a line on standard input) with one line
on standard output, and ends when its input ends, which it does when the parent is gone.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from lake.contract.load import load_contracts
from pipeline.quality.model import Batch


def answer(request: dict[str, Any], checker: Any) -> dict[str, Any]:
    """Check every batch of the request; a batch that cannot be read becomes an error, not a crash."""
    contracts = load_contracts()
    rows = []
    for item in request["batches"]:
        batch = Batch(**{**item, "files": tuple(item["files"])})
        if batch.marts:
            results = checker.check_marts(batch, contracts.values())
        else:
            results = checker.check(contracts[batch.table], batch)
        rows += [vars_of(result) for result in results]
    return {"results": rows}


def vars_of(result: Any) -> dict[str, Any]:
    """A result as JSON takes it."""
    from dataclasses import asdict

    return asdict(result)


def main() -> None:
    """Serve requests until standard input ends. What libraries print goes to standard error."""
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from pipeline.quality.checks import Checker

    checker = Checker()
    print(json.dumps({"ready": True}), file=reply, flush=True)
    for line in sys.stdin:
        try:
            message = answer(json.loads(line), checker)
        except Exception as error:
            message = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(message, default=str), file=reply, flush=True)
    # Handles that DuckDB and pandas still share make a noisy interpreter shutdown; nothing is left to save here.
    reply.close()
    os._exit(0)


if __name__ == "__main__":
    main()
