"""Secrets are not shown, whoever prints them."""

from __future__ import annotations

import json
import pickle

import pytest

from lake.errors import ConfigError
from pipeline.secret import Secret, has_password, mask, mask_url

CANARY = "c4nary-tweets"


def test_a_secret_shows_itself_to_reveal_only() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r}", secret.shown(), repr([secret])):
        assert CANARY not in shown
        assert "****" in shown
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert len({secret, Secret(CANARY)}) == 1


def test_a_reference_is_looked_up_when_it_is_revealed() -> None:
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        return f"{CANARY} of {name}"

    secret = Secret("secret:mirrorlake/prod/url").bound(resolve)
    assert secret.shown() == "secret:mirrorlake/prod/url"
    assert asked == []
    assert secret.reveal() == f"{CANARY} of mirrorlake/prod/url"
    assert asked == ["mirrorlake/prod/url"]
    assert mask(f"the driver said {CANARY} of mirrorlake/prod/url") == "the driver said ****"
    assert Secret(CANARY).bound(resolve).reveal() == CANARY, "a value is nobody's name"


def test_a_reference_that_nothing_can_look_up_is_refused() -> None:
    secret = Secret("secret:mirrorlake/prod/url")
    assert secret.is_reference
    assert secret.shown() == "secret:mirrorlake/prod/url"
    with pytest.raises(ConfigError, match="Secrets Manager"):
        secret.reveal()
    with pytest.raises(ConfigError, match="not well formed"):
        Secret("secret:")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://lake:pa/ss@w0rd@db:5432/x", "postgresql://lake:****@db:5432/x"),
        (
            "postgresql://db/x?user=a&password=c4nary&sslmode=require",
            "postgresql://db/x?user=a&password=****&sslmode=require",
        ),
        ("s3://bucket/key", "s3://bucket/key"),
        ("http://127.0.0.1:5555/path", "http://127.0.0.1:5555/path"),
        ("host=db user=a password=c4nary", "host=db user=a password=****"),
    ],
)
def test_urls_are_shown_without_their_password(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    assert has_password(url) == (url != shown)


def test_the_mask_hides_registered_values_in_any_text() -> None:
    Secret(CANARY)
    Secret("postgresql://lake:p%40ss-c4nary@db/x")
    text = mask(f"driver said: {CANARY}; decoded p@ss-c4nary; encoded p%40ss-c4nary; db")
    assert text == "driver said: ****; decoded ****; encoded ****; db"


def test_a_web_address_is_hidden_but_for_its_host() -> None:
    secret = Secret("https://hooks.example.com/services/T0/c4nary")
    assert secret.shown() == "https://hooks.example.com/****"
    assert "c4nary" not in mask("POST https://hooks.example.com/services/T0/c4nary failed")


def test_short_values_do_not_blot_out_words() -> None:
    Secret("a")
    assert mask("a cat") == "a cat"
