"""TLS in front of PostgreSQL, whose build here has none: ends it and hands the plain bytes on.

PostgreSQL's own way in (https://www.postgresql.org/docs/current/protocol-flow.html, SSL Session Encryption): the client
asks with an SSLRequest, is answered ``S``, and only then speaks TLS. Who does not ask is refused, as by RDS with
``rds.force_ssl``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from pathlib import Path

HOST = "127.0.0.1"
SSL_REQUEST = 80877103
CANCEL_REQUEST = 80877102
GSS_REQUEST = 80877104
CHUNK = 1 << 18


class Terminator:
    """Listens on ``port`` (0: a free one) and hands on to ``target``, both on the loopback."""

    def __init__(self, target: int, certificate: Path, key: Path) -> None:
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)

    async def listen(self, port: int = 0) -> int:
        """Begin to listen; the port."""
        server = await asyncio.start_server(self._serve, HOST, port)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first = await self._first(reader, writer)
            if first is not None:
                back_reader, back_writer = await asyncio.open_connection(HOST, self.target)
                back_writer.write(first)
                await asyncio.gather(_copy(reader, back_writer), _copy(back_reader, writer))
        writer.close()

    async def _first(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """The first message under TLS, to be handed on; None where the client was refused."""
        encrypted = False
        while True:
            head = await reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            if code == SSL_REQUEST and not encrypted:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self.context)
                encrypted = True
            elif code == GSS_REQUEST:
                writer.write(b"N")
            elif encrypted or code == CANCEL_REQUEST:
                return head + await reader.readexactly(length - 8)
            else:
                writer.write(_error("no encryption: this server accepts connections by TLS only"))
                await writer.drain()
                return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on until one side closes, then close the other."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


def _error(message: str) -> bytes:
    """An ErrorResponse (28000, invalid_authorization_specification)."""
    body = b"SFATAL\0VFATAL\0C28000\0M" + message.encode() + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
