"""The RSA key pair with which the platform logs in to Snowflake."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BITS = 2048  # what Snowflake asks for at least


def key_pair() -> tuple[str, str]:
    """Private (PKCS 8) and public key, both as PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()
