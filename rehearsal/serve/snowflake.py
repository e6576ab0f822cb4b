"""Snowflake on a free port of the loopback: fakesnow's server with the shim. All databases lie in memory.

``POST /standin/faults`` orders a fault (shim/faults.py), ``DELETE`` takes all back.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakesnow.server as server  # noqa: PLR0402 (the package has a function of that name, too)
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rehearsal.serve import lifeline, stages
from rehearsal.serve.shim import catalog, results, speed
from rehearsal.serve.shim.account import Account
from rehearsal.serve.shim.faults import Fault, Faults
from rehearsal.serve.shim.login import LoginError, verified
from rehearsal.serve.shim.session import Instance, Session

HOST = "127.0.0.1"
EXPIRED, EXPIRED_FOR_GOOD, LOGIN_AGAIN = "390112", "390114", "390104"


class Door:
    """Logging in, renewing and ending sessions, and what stands before each statement."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.faults = Faults()
        self.masters: dict[str, Session] = {}

    async def login(self, request: Request) -> Response:
        """A session for who proves to be a user."""
        data = (await _document(request))["data"]
        try:
            user = verified(self.account, data)
        except LoginError as error:
            return _refused(error.code, str(error))
        data["SESSION_PARAMETERS"] = data.get("SESSION_PARAMETERS") or {}
        answer = json.loads(bytes((await server.login_request(request)).body))
        session, master = server.sessions[answer["data"]["token"]], secrets.token_urlsafe(32)
        session.user = user
        session.role = str(request.query_params.get("roleName", "PUBLIC")).upper()
        session.warehouse = str(request.query_params.get("warehouse", "")).upper()
        self.masters[master] = session
        named = {"roleName": session.role, "warehouseName": session.warehouse or None}
        answer["data"]["sessionInfo"] |= named
        answer["data"] |= {"masterToken": master, "masterValidityInSeconds": 14400, "validityInSeconds": 3600}
        return JSONResponse(answer)

    async def renew(self, request: Request) -> Response:
        """A new token for a session that has expired, if its master token still holds."""
        session = self.masters.get(server.to_token(request))
        if session is None:
            return _refused(EXPIRED_FOR_GOOD, "Authentication token has expired. The user must authenticate again.")
        token = secrets.token_urlsafe(32)
        server.sessions[token] = session
        return JSONResponse({"data": {"sessionToken": token, "validityInSecondsST": 3600}, "success": True})

    async def session(self, request: Request) -> Response:
        """The heartbeat, and the end of a session."""
        session = server.sessions.get(server.to_token(request))
        if session is not None and request.query_params.get("delete"):
            self._forget(session)
            await run_in_threadpool(session.end)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    async def query(self, request: Request) -> Response:
        """One statement, with the faults that were ordered for it."""
        statement = str((await _document(request)).get("sqlText", ""))
        session = server.sessions.get(server.to_token(request))
        if session is None:
            return _refused(EXPIRED, "Your session has expired. Please login again.")
        fault = self.faults.due(statement)
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.when == "before":
            return await self._met(fault, session)
        response = await server.query_request(request)
        if fault and fault.kind != "delay":
            return await self._met(fault, session)
        if response.status_code == 500:  # the connector would repeat it for minutes
            return _refused("009999", "the stand-in cannot answer this: " + json.loads(bytes(response.body))["message"])
        return response

    async def fault(self, request: Request) -> Response:
        """Take an order, or take all back."""
        if request.method == "DELETE":
            self.faults.clear()
        else:
            self.faults.order(Fault(**await request.json()))
        return JSONResponse({"success": True})

    async def _met(self, fault: Fault, session: Session) -> Response:
        if fault.kind == "http":
            return Response(status_code=fault.status)
        if fault.kind == "drop":
            return Response(b"{", headers={"Content-Length": "1000"})
        if fault.kind == "error":
            return _refused(fault.code, fault.message)
        masters = dict(self.masters)
        self._forget(session)
        if fault.kind == "expire":
            self.masters.update({key: each for key, each in masters.items() if each is session})
        else:
            await run_in_threadpool(session.end)
        return _refused(EXPIRED, "Your session has expired. Please login again.")

    def _forget(self, session: Session) -> None:
        for tokens in (server.sessions, self.masters):
            for token in [token for token, each in tokens.items() if each is session]:
                del tokens[token]


def application(door: Door) -> Starlette:
    """fakesnow's routes, those of the door in their place."""
    own: dict[str, Callable[[Request], Any]] = {
        "/session/v1/login-request": door.login,
        "/session/token-request": door.renew,
        "/session": door.session,
        "/session/heartbeat": door.session,
        "/queries/v1/query-request": door.query,
    }
    routes = [Route(path, endpoint, methods=["POST"]) for path, endpoint in own.items()]
    routes.append(Route("/standin/faults", door.fault, methods=["POST", "DELETE"]))
    return Starlette(routes=[*routes, *(route for route in server.routes if route.path not in own)])


async def _document(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    document: dict[str, Any] = json.loads(body or b"{}")
    return document


def _refused(code: str, message: str) -> Response:
    return JSONResponse({"data": {"errorCode": code}, "code": code, "message": message, "success": False})


def main() -> None:
    """Serve until the starter is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    told = json.loads(os.environ.pop("STANDIN_SNOWFLAKE"))
    record = folder / "account_statements.jsonl"
    record.unlink(missing_ok=True)
    account = Account(told["account"], record, {name: [key] for name, key in told["users"].items()})
    results.install()
    speed.install()
    catalog.install()
    server.shared_fs = Instance(account)
    if told["s3"]:
        stages.serve(server.shared_fs.duck_conn, *told["s3"])
    listening = socket.socket()
    listening.bind((HOST, 0))
    config = uvicorn.Config(application(Door(account)), log_level="warning", access_log=False)
    web = uvicorn.Server(config)
    lifeline.watch(lambda: os._exit(0))

    async def serve() -> None:
        serving = asyncio.create_task(web.serve(sockets=[listening]))
        while not web.started and not serving.done():
            await asyncio.sleep(0.02)
        lifeline.ready(port=listening.getsockname()[1])
        await serving

    asyncio.run(serve())


if __name__ == "__main__":
    main()
