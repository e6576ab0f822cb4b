"""The actions of S3, which a request says by its method, its path and its parameters."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree import ElementTree

from rehearsal.serve.requests import AwsRequest

Found = tuple[str, str, tuple[tuple[str, str], ...]]

_OF_BUCKETS = {
    "versioning": ("GetBucketVersioning", "PutBucketVersioning"),
    "encryption": ("GetEncryptionConfiguration", "PutEncryptionConfiguration"),
    "publicAccessBlock": ("GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "lifecycle": ("GetLifecycleConfiguration", "PutLifecycleConfiguration"),
    "policy": ("GetBucketPolicy", "PutBucketPolicy"),
    "tagging": ("GetBucketTagging", "PutBucketTagging"),
    "logging": ("GetBucketLogging", "PutBucketLogging"),
    "location": ("GetBucketLocation", ""),
    "versions": ("ListBucketVersions", ""),
    "uploads": ("ListBucketMultipartUploads", ""),
}
_READ = ("GetObject", "GetObjectVersion", "ListMultipartUploadParts")
_OF_OBJECTS = {
    "GET": _READ,
    "HEAD": _READ,
    "DELETE": ("DeleteObject", "DeleteObjectVersion", "AbortMultipartUpload"),
}


def s3_needs(request: AwsRequest) -> list[Found]:
    """``(action, resource, context)`` of all that ``request`` does."""
    bucket, key = request.bucket_and_key
    if not bucket:
        return [("s3:ListAllMyBuckets", "*", ())]
    if not key:
        return _of_bucket(request, bucket)
    arn, said = f"arn:aws:s3:::{bucket}/{key}", request.arguments
    if request.method in _OF_OBJECTS:
        plain, of_version, of_upload = _OF_OBJECTS[request.method]
        action = of_upload if "uploadId" in said else of_version if "versionId" in said else plain
        return [(f"s3:{action}", arn, ())]
    source = request.headers.get("x-amz-copy-source")
    copied = [("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/').partition('?')[0]}", ())] if source else []
    return [*copied, ("s3:PutObject", arn, ())]


def _of_bucket(request: AwsRequest, bucket: str) -> list[Found]:
    arn, said = f"arn:aws:s3:::{bucket}", request.arguments
    for name, (reading, writing) in _OF_BUCKETS.items():
        if name in said:
            return [(f"s3:{writing if request.method == 'PUT' else reading}", arn, ())]
    if request.method == "PUT":
        return [("s3:CreateBucket", arn, ())]
    if request.method == "DELETE":
        return [("s3:DeleteBucket", arn, ())]
    if request.method == "POST" and "delete" in said:
        return [("s3:DeleteObject", f"{arn}/{key}", ()) for key in _keys(request.body)]
    prefix = said.get("prefix", "") if request.method == "GET" else ""
    return [("s3:ListBucket", arn, (("s3:prefix", prefix),) if request.method == "GET" else ())]


def _keys(body: bytes) -> list[str]:
    """The keys of a request that deletes several."""
    try:
        tree = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return ["*"]
    return [element.text or "" for element in tree.iter() if element.tag.rpartition("}")[2] == "Key"]
