"""A request to AWS as the front reads it: who signed it, for which service, and its body where that is small."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

ACCOUNT = "123456789012"  # moto's
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/(?P<day>\d+)/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_SIGNED = re.compile(r"SignedHeaders=([^,\s]+)")
_SIGNATURE = re.compile(r"Signature=([0-9a-f]+)")
# Names that a service signs with, where IAM calls it otherwise.
_IAM_NAMES = {"monitoring": "cloudwatch"}


@dataclass(frozen=True)
class AwsRequest:
    """One HTTP request; ``query`` keeps doubled names."""

    method: str
    path: str  # as it was sent: percent-encoded
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    key_id: str = ""
    day: str = ""
    region: str = "us-east-1"
    signing_name: str = ""
    signed_headers: tuple[str, ...] = ()
    signature: str = ""
    environ: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def service(self) -> str:
        """The service as IAM's actions call it."""
        return _IAM_NAMES.get(self.signing_name, self.signing_name)

    @property
    def arguments(self) -> dict[str, str]:
        """The query's parameters, of doubled ones the last."""
        return dict(self.query)

    @cached_property
    def body(self) -> bytes:
        """The body; it is put back for the server behind. Read only where it has to be: those of S3 can be large."""
        length = int(self.environ.get("CONTENT_LENGTH") or 0)
        body: bytes = self.environ["wsgi.input"].read(length) if length else b""
        self.environ["wsgi.input"] = io.BytesIO(body)
        return body

    @cached_property
    def document(self) -> dict[str, Any]:
        """A JSON body, or the form of the older services."""
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        try:
            document = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def bucket_and_key(self) -> tuple[str, str]:
        """Of S3, addressed by path."""
        bucket, _, key = self.path.lstrip("/").partition("/")
        return unquote(bucket), unquote(key)


def read(environ: dict[str, Any]) -> AwsRequest:
    """The request in a WSGI environment."""
    path, _, query = str(environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    said = headers.get("authorization", "")
    credential, signed, signature = _CREDENTIAL.search(said), _SIGNED.search(said), _SIGNATURE.search(said)
    return AwsRequest(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        key_id=credential["key"] if credential else "",
        day=credential["day"] if credential else "",
        region=credential["region"] if credential else "us-east-1",
        signing_name=credential["service"] if credential else "",
        signed_headers=tuple(signed[1].split(";")) if signed else (),
        signature=signature[1] if signature else "",
        environ=environ,
    )
