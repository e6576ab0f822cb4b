"""How a Snowflake account is reached, and what its errors mean in our words; nothing connects."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lake.errors import ConfigError, UnknownChoiceError, WarehouseError
from warehouse import snowflake_sql
from warehouse.warehouses import known, warehouse
from warehouse.warehouses._snowflake_account import Account
from warehouse.warehouses._snowflake_session import LostSessionError, retried, translated

BASE = {"account": "acme-prod", "user": "U", "role": "R", "warehouse": "W", "database": "D"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM, DER, PKCS8 = serialization.Encoding.PEM, serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
PLAIN = KEY.private_bytes(DER, PKCS8, serialization.NoEncryption())


@pytest.mark.parametrize(
    ("text", "passphrase"),
    [
        (KEY.private_bytes(PEM, PKCS8, serialization.NoEncryption()).decode(), None),
        (KEY.private_bytes(PEM, PKCS8, serialization.NoEncryption()).decode().replace("\n", "\\n"), None),
        (KEY.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"open")).decode(), "open"),
        (base64.b64encode(PLAIN).decode(), None),
    ],
)
def test_a_private_key_is_read_in_every_form_that_it_is_kept_in(text: str, passphrase: str | None) -> None:
    secret = (lambda: passphrase) if passphrase else None
    arguments = Account(**BASE, private_key=lambda: text, private_key_passphrase=secret).arguments("tag")
    assert (arguments["private_key"], arguments["authenticator"]) == (PLAIN, "SNOWFLAKE_JWT")
    assert arguments["session_parameters"]["QUERY_TAG"] == "tag"
    assert arguments["session_parameters"]["TIMEZONE"] == "UTC"
    assert "host" not in arguments


@pytest.mark.parametrize(("word", "sent"), [("snowflake_jwt", "PROGRAMMATIC_ACCESS_TOKEN"), ("oauth", "OAUTH")])
def test_a_token_serves_in_place_of_a_key(word: str, sent: str) -> None:
    account = Account(**BASE, authenticator=word, token=lambda: "hush")
    assert "hush" not in repr(account)
    arguments = account.arguments("tag")
    assert (arguments["authenticator"], arguments["token"]) == (sent, "hush")


@pytest.mark.parametrize(
    ("word", "sent"), [("snowflake_jwt", "SNOWFLAKE_JWT"), ("programmatic_access_token", "PROGRAMMATIC_ACCESS_TOKEN")]
)
def test_the_authenticator_decides_where_there_are_key_and_token(word: str, sent: str) -> None:
    pem = KEY.private_bytes(PEM, PKCS8, serialization.NoEncryption()).decode()
    arguments = Account(**BASE, authenticator=word, private_key=lambda: pem, token=lambda: "hush").arguments("tag")
    assert arguments["authenticator"] == sent
    assert ("private_key" in arguments) != ("token" in arguments)


def test_who_sets_up_logs_in_without_names_that_are_not_there_yet() -> None:
    account = Account(**BASE, token=lambda: "hush")
    assert {"role", "warehouse", "database"} & set(account.arguments("tag", bare=True)) == set()
    assert {"role", "warehouse", "database"} <= set(account.arguments("tag"))


def test_a_key_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="private key for Snowflake cannot be read") as caught:
        Account(**BASE, private_key=lambda: "-----BEGIN PRIVATE KEY-----hush").arguments("tag")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (390112, LostSessionError, "session with Snowflake was lost"),
        (630, WarehouseError, "snowflake.statement_seconds"),
        (3001, WarehouseError, "warehouse --setup"),
        (625, WarehouseError, "another transaction"),
        (1003, WarehouseError, "Snowflake: what it says"),
    ],
)
def test_errors_are_told_by_their_number(number: int, kind: type[Exception], said: str) -> None:
    found = translated(SimpleNamespace(errno=number, msg="what\n it says"), "here", "MERGE INTO t USING s ON x")
    assert type(found) is kind
    assert said in str(found)
    assert "MERGE INTO t USING" in str(found)


def test_only_what_was_lost_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.warehouses._snowflake_session.FIRST_SECONDS", 0.0)
    met: list[Exception] = [LostSessionError("once"), LostSessionError("twice")]

    def work() -> str:
        if met:
            raise met.pop()
        return "done"

    assert retried(work) == "done"
    met[:] = [WarehouseError("refused")]
    with pytest.raises(WarehouseError, match="refused"):
        retried(work)
    met[:] = [LostSessionError(str(number)) for number in range(9)]
    with pytest.raises(LostSessionError):
        retried(work)
    assert len(met) == 5


def test_names_are_checked_before_they_stand_in_sql() -> None:
    assert snowflake_sql.identifier("MIRRORLAKE_2", "snowflake.role") == "MIRRORLAKE_2"
    with pytest.raises(ConfigError, match=r"no name that Snowflake takes unquoted"):
        snowflake_sql.identifier("X; DROP DATABASE Y", "snowflake.role")
    assert known() == ("duckdb", "snowflake")
    with pytest.raises(UnknownChoiceError, match="unknown warehouse"):
        warehouse("teradata")
