"""AWS's signature version 4, checked: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote

from rehearsal.serve.requests import AwsRequest

ALGORITHM = "AWS4-HMAC-SHA256"


def is_valid(request: AwsRequest, secret: str) -> bool:
    """Whether ``request`` was signed with ``secret``; of a body in signed chunks, only the first signature counts."""
    scope = f"{request.day}/{request.region}/{request.signing_name}/aws4_request"
    hashed = hashlib.sha256(_canonical(request).encode()).hexdigest()
    to_sign = "\n".join([ALGORITHM, request.headers.get("x-amz-date", ""), scope, hashed])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), request.signature)


def _canonical(request: AwsRequest) -> str:
    payload = request.headers.get("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()
    # Every service but S3 encodes the path, which is encoded already, once more.
    path = request.path if request.signing_name == "s3" else quote(request.path, safe="/-_.~")
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(request.query))
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in request.signed_headers]
    return "\n".join([request.method, path or "/", query, *headers, "", ";".join(request.signed_headers), payload])


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
