"""In front of moto, in its process: judges who asks, keeps a list of what was asked, and lets the rest through."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rehearsal.serve import refusals
from rehearsal.serve.access import Principal, RefusedError, may, principal
from rehearsal.serve.actions import Need, needs
from rehearsal.serve.requests import AwsRequest, read

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Front:
    """A WSGI application around ``inner``; ``root`` is the key pair that may everything, ``actions`` the list."""

    def __init__(self, inner: Application, root: tuple[str, str], actions: Path) -> None:
        self.inner = inner
        self.root = root
        self.actions = actions
        self._seen: set[tuple[object, ...]] = set()
        self._writing = threading.Lock()
        self._comparing = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request."""
        request = read(environ)
        try:
            self._judge(request)
        except RefusedError as refused:
            status, headers, body = refusals.answer(request, refused)
            _drain(request)
            start_response(status, [*headers, ("Content-Length", str(len(body)))])
            return [body]
        # moto compares and then writes: two threads could both find that an object is not there.
        conditional = any(name in request.headers for name in ("if-none-match", "if-match"))
        with self._comparing if conditional and request.method in ("PUT", "POST") else contextlib.nullcontext():
            return self.inner(environ, self._without_hints(request, start_response))

    def _without_hints(self, request: AwsRequest, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Who may not list a bucket is not told that an object is not there: 403 takes the place of 404.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_Permissions
        """
        if request.service != "s3" or request.method not in ("GET", "HEAD") or not all(request.bucket_and_key):
            return start_response

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            listing = Need("s3:ListBucket", f"arn:aws:s3:::{request.bucket_and_key[0]}")
            if status.startswith("404") and not may(principal(request, self.root), listing):
                status = "403 Forbidden"
            return start_response(status, headers, *rest)

        return start

    def _judge(self, request: AwsRequest) -> None:
        who = principal(request, self.root)
        for need in needs(request):
            allowed = may(who, need)
            self._record(who, need, allowed)
            if not allowed:
                raise RefusedError("AccessDenied", f"{who.name} may not {need.action} on {need.resource}")

    def _record(self, who: Principal, need: Need, allowed: bool) -> None:
        """One line for each new combination; what root does is the set-up of the stand-in, not the platform."""
        entry = (who.name, need.action, need.resource, need.context, allowed)
        with self._writing:
            if who.name == "root" or entry in self._seen:
                return
            self._seen.add(entry)
            line = {
                "principal": who.name,
                "action": need.action,
                "resource": need.resource,
                "context": dict(need.context),
                "allowed": allowed,
            }
            with self.actions.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _drain(request: AwsRequest) -> None:
    """Read what was sent, so that the connection can serve the next request."""
    with contextlib.suppress(OSError):
        _ = request.body
