"""Secrets that cannot be printed by accident, and the mask that every output passes.

A ``Secret`` shows ``****`` wherever it is printed; only ``reveal()`` gives the value, to the one call that connects.
``mask`` takes any text that leaves the process (log, error, audit record, report) and hides every known secret and
every password in a URL, even when a driver's message quotes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote

from lake.errors import ConfigError

MASK = "****"
_SHORTEST = 4  # a shorter value would blot out ordinary words
_REFERENCE = re.compile(r"secret:[A-Za-z0-9/_+=.@-]{1,512}\Z")
_URL_PASSWORD = re.compile(r"(?P<start>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:)(?P<password>[^\s\"'<>]+)@")
_URL_PARAMETER = re.compile(
    r"(?P<start>(?:[?&;]|\b)(?:[a-z_-]*(?:password|passwd|token|secret|api_?key|signature)[a-z_-]*)=)[^\s&;,'\"]+", re.I
)
_WEB = re.compile(r"(?P<scheme>https?)://(?:[^/?#]*@)?(?P<host>[^/?#@]+)(?P<rest>[^\s]*)\Z")
_known: set[str] = set()
Resolve = Callable[[str], str]


class Secret:
    """A value that is never shown. ``secret:NAME`` refers to AWS Secrets Manager instead of holding it.

    ``resolve`` gives the value of a name when it is revealed.
    """

    __slots__ = ("_resolve", "_value")

    def __init__(self, value: str, resolve: Resolve | None = None) -> None:
        if value.startswith("secret:") and not _REFERENCE.match(value):
            raise ConfigError(
                "a reference to a secret is not well formed",
                fix="write secret:NAME, NAME of letters, digits and / _ + = . @ -",
            )
        self._value = value
        self._resolve = resolve
        if not self.is_reference:
            register(value)

    @property
    def is_reference(self) -> bool:
        """True if this names a secret of AWS Secrets Manager."""
        return self._value.startswith("secret:")

    def bound(self, resolve: Resolve) -> Secret:
        """The same, but a name is looked up by ``resolve``."""
        return Secret(self._value, resolve) if self.is_reference else self

    def reveal(self) -> str:
        """The value itself, looked up where this is a name; ConfigError where that gives none."""
        if not self.is_reference:
            return self._value
        if self._resolve is None:
            raise ConfigError(
                f"{self._value} is a name in AWS Secrets Manager, and nothing here can look it up",
                fix="give the value by its environment variable (mirrorlake doctor names it); the keys of [s3] "
                "cannot lie in what they open",
            )
        value = self._resolve(self._value.removeprefix("secret:"))
        register(value)
        return value

    def shown(self) -> str:
        """What people may see: a reference as it is, of a URL what holds no secret, else the mask alone.

        A web address (a webhook) often is a secret as a whole, so only its host is shown.
        """
        if self.is_reference:
            return self._value
        web = _WEB.match(self._value)
        if web:
            return f"{web['scheme']}://{web['host']}/{MASK}"
        return mask_url(self._value) if "://" in self._value else MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled: hand the environment on instead")


def register(value: str) -> None:
    """Make ``mask`` hide ``value``; of a URL its password (also encoded), of a web address what follows the host.

    The rest of a database's URL stays readable: host and database are what people need when it does not answer.
    """
    found = [value]
    if "://" in value:
        password, web = _password(value), _WEB.match(value)
        found = [password, unquote(password), quote(unquote(password), safe="")]
        found += [web["rest"], web["rest"].strip("/")] if web else []
    _known.update(part for part in found if len(part) >= _SHORTEST)


def forget() -> None:
    """Forget every registered value (tests)."""
    _known.clear()


def mask_url(url: str) -> str:
    """``url`` with its password, and parameters that carry one, masked."""
    masked = _URL_PASSWORD.sub(rf"\g<start>{MASK}@", url)
    return _URL_PARAMETER.sub(rf"\g<start>{MASK}", masked)


def mask(text: str) -> str:
    """``text`` without registered secrets and without passwords in URLs."""
    for value in sorted(_known, key=len, reverse=True):
        if value in text:
            text = text.replace(value, MASK)
    return mask_url(text) if "=" in text or "://" in text else text


def has_password(url: str) -> bool:
    """True if ``url`` carries a password or a token in plain text."""
    return mask_url(url) != url


def _password(url: str) -> str:
    found = _URL_PASSWORD.search(url)
    return found["password"] if found else ""
