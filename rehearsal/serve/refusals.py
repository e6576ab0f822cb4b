"""How AWS says no, in the words and the form of each protocol, so that every client library understands it."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from rehearsal.serve.access import RefusedError
from rehearsal.serve.requests import AwsRequest

# S3's codes, as the services with JSON and the older ones with XML spell them.
_JSON = {
    "AccessDenied": "AccessDeniedException",
    "InvalidAccessKeyId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "ExpiredToken": "ExpiredTokenException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}
_QUERY = {"InvalidAccessKeyId": "InvalidClientTokenId"}


def answer(request: AwsRequest, refused: RefusedError) -> tuple[str, list[tuple[str, str]], bytes]:
    """``(status, headers, body)``."""
    code, message = refused.code, str(refused)
    if request.service in ("s3", ""):
        status = "400 Bad Request" if code == "ExpiredToken" else "403 Forbidden"
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return status, [("Content-Type", "application/xml")], b"" if request.method == "HEAD" else body.encode()
    if request.service in ("sts", "iam") or "Action" in request.document:
        code = _QUERY.get(code, code)
        told = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return "403 Forbidden", [("Content-Type", "text/xml")], f"<ErrorResponse>{told}</ErrorResponse>".encode()
    code = _JSON.get(code, code)
    body = json.dumps({"__type": code, "Message": message, "message": message})
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    return "403 Forbidden" if request.service == "emr-serverless" else "400 Bad Request", headers, body.encode()
