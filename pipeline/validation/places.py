"""Places and rights: secrets can be read, the lake (and its copy) can be listed, written, read and cleared."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from lake import layout
from lake.errors import AlreadyExistsError, MirrorlakeError
from pipeline.secret import Secret
from pipeline.settings.model import Settings
from pipeline.settings.values import leaves
from pipeline.validation import Finding, Question, failure

if TYPE_CHECKING:
    from lake.storage.objects import Objects


def secrets(question: Question) -> Iterator[Finding]:
    """Every secret that the profile names, looked up; one that is given as a value needs no looking up."""
    settings = question.workspace.settings
    for leaf in leaves(Settings).values():
        secret = attrgetter(leaf.key)(settings)
        if not isinstance(secret, Secret) or not secret.is_reference:
            continue
        try:
            secret.reveal()
        except MirrorlakeError as error:
            yield failure("secrets", error, leaf.key)
        else:
            yield Finding("secrets", leaf.key, "ok", f"{secret.shown()} can be read")


def lake(question: Question) -> Iterator[Finding]:
    """The lake itself, and who is at work on it."""
    from pipeline.lease import describe

    objects = question.workspace.objects
    yield from _place("lake", objects, may_write=question.may_write)
    yield Finding("lake", "lease", "ok", describe(objects))


def mirror(question: Question) -> Iterator[Finding]:
    """Where ``--write-s3`` copies to, where that is said."""
    objects = question.workspace.mirror
    if objects is not None:
        yield from _place("mirror", objects, may_write=False)
        copied = objects.exists(layout.mirror_record())
        yield Finding(
            "mirror", objects.root, "ok" if copied else "skipped", "a copy" if copied else "nothing copied yet"
        )


def _place(part: str, objects: Objects, *, may_write: bool) -> Iterator[Finding]:
    listed = objects.list("_state")
    yield Finding(part, objects.root, "ok", f"reachable, {len(listed)} objects of state")
    if may_write:
        yield from _rights(part, objects)


def _rights(part: str, objects: Objects) -> Iterator[Finding]:
    """Create, read, refuse to create again, replace, delete: what every stage relies on, with an object of our own."""
    key = layout.validation_probe(uuid.uuid4().hex)
    objects.put_new(key, b"mirrorlake", "validate.probe")
    try:
        held = objects.get(key) == b"mirrorlake" and _refuses_another(objects, key)
        objects.put(key, b"", "validate.probe")
    finally:
        objects.delete([key], "validate.probe")
    left = objects.exists(key)
    if held and not left:
        yield Finding(part, "rights", "ok", "create-only, read, replace, delete")
    else:
        what = "an object was created twice" if not held else "a deleted object is still there"
        yield Finding(part, "rights", "failed", what, "use a store with conditional writes and strong consistency")


def _refuses_another(objects: Objects, key: str) -> bool:
    try:
        objects.put_new(key, b"another", "validate.probe")
    except AlreadyExistsError:
        return True
    return False
