"""The stand-in for AWS: rights are really judged, requests recorded, and only one of several creates an object."""

from __future__ import annotations

import json
import threading

import botocore.exceptions
import obstore
import pytest
from obstore.store import S3Store

from lake.storage.credentials import S3Credentials, obstore_arguments
from rehearsal import accounts
from rehearsal.aws import Aws


def store(credentials: S3Credentials, bucket: str) -> S3Store:
    return S3Store(bucket, **obstore_arguments(credentials.object_options()))


def refusal(call: object, **arguments: object) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)  # type: ignore[operator]
    return str(raised.value.response["Error"]["Code"])


def test_a_key_with_spaces_and_umlauts_comes_back(s3_credentials: S3Credentials, bucket: str) -> None:
    objects = store(s3_credentials, bucket)
    obstore.put(objects, "day=1/ä +&=.txt", b"hello")
    assert obstore.get(objects, "day=1/ä +&=.txt").bytes() == b"hello"
    assert [each["path"] for each in obstore.list(objects, "day=1").collect()] == ["day=1/ä +&=.txt"]


def test_only_one_of_many_creates_an_object(s3_credentials: S3Credentials, bucket: str) -> None:
    created, start = [], threading.Barrier(8)

    def create(number: int) -> None:
        start.wait()
        try:
            obstore.put(store(s3_credentials, bucket), "lease", str(number).encode(), mode="create")
            created.append(number)
        except obstore.exceptions.AlreadyExistsError:
            pass

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(created) == 1


def test_a_user_may_what_its_policy_says_and_nothing_else(aws: Aws, bucket: str, unique: str) -> None:
    listing = {"Condition": {"StringLike": {"s3:prefix": "mine/*"}}, **accounts.allow(["s3:ListBucket"])}
    document = accounts.policy(accounts.allow(["s3:GetObject"], f"arn:aws:s3:::{bucket}/mine/*"), listing)
    reader = aws.client("s3", accounts.user(aws, unique, document))
    aws.client("s3").put_object(Bucket=bucket, Key="mine/a", Body=b"1")
    assert reader.get_object(Bucket=bucket, Key="mine/a")["Body"].read() == b"1"
    assert reader.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 1
    assert refusal(reader.get_object, Bucket=bucket, Key="other") == "AccessDenied"
    assert refusal(reader.list_objects_v2, Bucket=bucket, Prefix="") == "AccessDenied"
    assert refusal(reader.put_object, Bucket=bucket, Key="mine/a", Body=b"2") == "AccessDenied"
    asked = [json.loads(line) for line in aws.actions.read_text().splitlines() if f"user/{unique}" in line]
    assert {(each["action"], each["resource"], each["allowed"]) for each in asked} == {
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/mine/a", True),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/other", False),
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}", True),
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}", False),
        ("s3:PutObject", f"arn:aws:s3:::{bucket}/mine/a", False),
    }


@pytest.mark.parametrize(
    ("service", "call", "unknown", "wrong"),
    [
        ("s3", lambda client: client.list_buckets, "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        ("glue", lambda client: client.get_databases, "UnrecognizedClientException", "InvalidSignatureException"),
        ("sts", lambda client: client.get_caller_identity, "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ],
)
def test_keys_that_are_not_right_are_refused_in_the_words_of_the_service(
    aws: Aws, service: str, call: object, unknown: str, wrong: str
) -> None:
    assert refusal(call(aws.client(service, ("AKIANOBODY", "x")))) == unknown  # type: ignore[operator]
    assert refusal(call(aws.client(service, (aws.root[0], "x")))) == wrong  # type: ignore[operator]


def test_secrets_are_denied_without_the_right_to_them(aws: Aws, unique: str) -> None:
    accounts.secret(aws, f"{unique}/a", "value")
    key = accounts.user(aws, unique, accounts.policy(accounts.allow(["s3:*"])))
    assert (
        refusal(aws.client("secretsmanager", key).get_secret_value, SecretId=f"{unique}/a") == "AccessDeniedException"
    )
