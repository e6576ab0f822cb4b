"""Over a network, staging speaks TLS and knows whom it speaks to: the URL is completed, or refused.

libpq's own default (``prefer``) goes on unencrypted where the server says so, and ``require`` takes any certificate
(PostgreSQL manual, SSL support). What may be said in the URL: ``verify-full``, or ``verify-ca`` where the server is
reached under a name that its certificate has not; ``sslrootcert`` names the file of its authority (RDS has one of its
own). Without it the authorities of the driver's OpenSSL count, of which psycopg's wheel has none, so in the end nothing
is trusted that was not named.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from lake.errors import ConfigError

_VERIFIED = ("verify-full", "verify-ca")
_WORD = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S+)")


def with_tls(url: str, where: str) -> str:
    """The URL (or libpq's ``key=value`` words) by which nothing but verified TLS comes about; ConfigError where it says
    otherwise."""
    is_url = "://" in url
    said = dict(parse_qsl(urlsplit(url).query) if is_url else _WORD.findall(url))
    mode = said.get("sslmode", "").strip("'")
    if mode and mode not in _VERIFIED:
        raise ConfigError(
            f"staging.url says sslmode={mode}, which does not make sure who answers, and staging.tls is required",
            where=where,
            fix="write sslmode=verify-full, and sslrootcert=FILE where the server's authority is not the system's",
        )
    if mode == "verify-ca" and said.get("sslrootcert", "system").strip("'") == "system":
        # libpq refuses the two together: any certificate of any public authority would do.
        raise ConfigError(
            "staging.url says sslmode=verify-ca without the file of the authority that is meant",
            where=where,
            fix="name it: sslrootcert=FILE; or write sslmode=verify-full",
        )
    lacking = [] if mode else ["sslmode=verify-full"]
    lacking += [] if "sslrootcert" in said else ["sslrootcert=system"]
    if not is_url:
        return " ".join([url, *lacking])
    separator = "&" if urlsplit(url).query else "?"
    return url + (separator + "&".join(lacking) if lacking else "")
