"""A client of one AWS service, by the one spelling of credentials, and what its refusals mean in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lake.errors import CloudError, MissingExtraError
from lake.storage.credentials import LOG_IN, LOG_IN_AGAIN, RENEW

if TYPE_CHECKING:
    from lake.storage.credentials import S3Credentials

CHECK_KEYS = "check s3.access_key_id and its secret key"
# Codes that several services share: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_MEANING = {
    "AccessDenied": "grant that action to the role which is used here (docs/infra.md)",
    "ExpiredToken": RENEW,
    "UnrecognizedClient": CHECK_KEYS,
    "InvalidSignature": CHECK_KEYS,
    "InvalidClientTokenId": CHECK_KEYS,
    "ConcurrentRunsExceeded": "the job is at work for another run, or has not quite ended: run again when it has",
    "EntityNotFound": "check the name; mirrorlake deploy registers what is missing",
    "ResourceNotFound": "check the name, the region and the account",
}
# botocore's errors of a session that has to be begun anew, or of a profile that leads to none.
_OF_THE_SESSION = {
    "SSOError",
    "LoginError",
    "TokenRetrievalError",
    "CredentialRetrievalError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "InvalidConfigError",
}


def aws_client(credentials: S3Credentials, service: str) -> Any:
    """A boto3 client of ``service``; it repeats what AWS says may be repeated, up to four times."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise MissingExtraError("boto3", "aws") from None

    seconds = credentials.timeout_seconds
    retries: Any = {"total_max_attempts": 4, "mode": "standard"}
    config = Config(connect_timeout=seconds, read_timeout=seconds, retries=retries)
    with asking(f"speak to {service}", credentials.endpoint or credentials.region):
        return boto3.client(service, config=config, **credentials.boto3_options())


@contextmanager
def asking(what: str, where: str, lacking: str | None = None) -> Iterator[None]:
    """Stand around a call: a refusal becomes a CloudError that says ``what`` could not be done, and where.

    ``lacking`` is what to do where it is not there at all.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        told = str(error.response.get("Error", {}).get("Message", "")).strip() or "no reason given"
        meant = code.removesuffix("Exception")
        fix = _MEANING.get(meant, "read what AWS says, then repeat; nothing is half-done")
        if lacking and meant == "EntityNotFound":
            fix = lacking
        raise CloudError(f"cannot {what}: {code}: {told}", where=where, fix=fix) from None
    except NoCredentialsError:
        raise CloudError(
            f"cannot {what}: neither keys nor a role of this machine were found",
            where=where,
            fix=LOG_IN,
        ) from None
    except BotoCoreError as error:
        raise CloudError(f"cannot {what}: {error}", where=where, fix=remedy(error)) from None


def remedy(error: Exception) -> str:
    """What helps against a call that botocore did not even get through."""
    if _OF_THE_SESSION & {kind.__name__ for kind in type(error).__mro__}:
        return LOG_IN_AGAIN
    return "check the network and s3.endpoint"


def error_code(error: Any) -> str:
    """The code of a botocore ``ClientError``, such as ``EntityNotFoundException``."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
