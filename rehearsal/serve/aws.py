"""AWS on a free port of the loopback: moto's server, with a front that judges rights and jobs that really run.

Everything lies in memory, so it is empty at each start.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from rehearsal.serve import jobs, lifeline
from rehearsal.serve.front import Front
from rehearsal.serve.job_runner import Runner

HOST = "127.0.0.1"


class Handler(MotoRequestHandler):
    """Answers at once (no Nagle), and says nothing of requests that went well."""

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Only what failed on the server's side."""
        if str(code).startswith("5"):
            super().log_request(code, size)


def main() -> None:
    """Serve until the starter is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--job-python", required=True)
    arguments = parser.parse_args()
    root = os.environ.pop("STANDIN_ROOT_KEY"), os.environ.pop("STANDIN_ROOT_SECRET")
    actions = arguments.folder / "actions.jsonl"
    actions.unlink(missing_ok=True)
    front = Front(DomainDispatcherApplication(create_backend_app), root, actions)  # type: ignore[arg-type]
    server = make_server(HOST, 0, front, threaded=True, request_handler=Handler)
    runner = Runner(arguments.folder / "jobs", arguments.job_python, f"http://{HOST}:{server.port}")
    jobs.install(runner)

    def stop() -> None:
        runner.stop()
        os._exit(0)

    lifeline.watch(stop)
    lifeline.ready(port=server.port, actions=str(actions))
    server.serve_forever()


if __name__ == "__main__":
    main()
