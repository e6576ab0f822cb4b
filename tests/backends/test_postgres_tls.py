"""What a URL of staging becomes where TLS is required, and which one is refused."""

from __future__ import annotations

import pytest

from lake.errors import ConfigError
from warehouse.backends import backend
from warehouse.backends._postgres_tls import with_tls

SECURE = "sslmode=verify-full&sslrootcert=system"


@pytest.mark.parametrize(
    ("url", "completed"),
    [
        ("postgresql://u:p@host:5432/db", f"postgresql://u:p@host:5432/db?{SECURE}"),
        ("postgresql://u:p@host/db?connect_timeout=3", f"postgresql://u:p@host/db?connect_timeout=3&{SECURE}"),
        (
            "postgresql://u@host/db?sslrootcert=/etc/rds.pem",
            "postgresql://u@host/db?sslrootcert=/etc/rds.pem&sslmode=verify-full",
        ),
        (
            "postgresql://u@host/db?sslmode=verify-ca&sslrootcert=/etc/rds.pem",
            "postgresql://u@host/db?sslmode=verify-ca&sslrootcert=/etc/rds.pem",
        ),
        ("host=db password='a b'", "host=db password='a b' sslmode=verify-full sslrootcert=system"),
        ("host=db sslmode='verify-full' sslrootcert=x", "host=db sslmode='verify-full' sslrootcert=x"),
    ],
)
def test_a_url_is_completed(url: str, completed: str) -> None:
    assert with_tls(url, "staging") == completed
    assert with_tls(completed, "staging") == completed


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
@pytest.mark.parametrize("form", ["postgresql://u:s3cr3t@host/db?sslmode={}", "host=h password=s3cr3t sslmode={}"])
def test_less_than_verified_tls_is_refused(mode: str, form: str) -> None:
    with pytest.raises(ConfigError, match=f"sslmode={mode}, which does not make sure") as caught:
        backend("postgres", url=form.format(mode), tls=True)
    assert "s3cr3t" not in str(caught.value)
    assert backend("postgres", url=form.format(mode)).target


@pytest.mark.parametrize(
    "url", ["postgresql://h/db?sslmode=verify-ca", "host=h sslmode='verify-ca' sslrootcert=system"]
)
def test_an_authority_is_named_where_the_name_of_the_server_is_not_checked(url: str) -> None:
    # libpq would refuse it as a mistake of ours, which looks like a server that is down.
    with pytest.raises(ConfigError, match="verify-ca without the file of the authority"):
        with_tls(url, "staging")
