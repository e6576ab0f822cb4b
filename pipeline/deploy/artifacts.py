"""What is deployed, as bytes with a name and a hash, and bringing those to the bucket that are not there yet."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lake.errors import AlreadyExistsError, ConfigError
from pipeline.deploy import Deployed, change_of
from pipeline.deploy.wheel import build_wheel, zip_entry

if TYPE_CHECKING:
    from lake.storage.objects import Objects
    from pipeline.workspace import Workspace

SCRIPT = Path("spark/glue_job.py")
PROJECT = ("profiles", "dbt", "samples")  # what settings.project_root() has to find, and what it leads to
_LEFT_OUT = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


@dataclass(frozen=True)
class Artifact:
    """One file: its kind (``wheel``, ``script``, ``jar``, ``project``, ``contract``), name and bytes."""

    kind: str
    name: str
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The hash of its content, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def key(self) -> str:
        """Where it goes below ``deploy.artifacts``."""
        return f"{self.kind}s/{self.sha256[:16]}/{self.name}"


def gather(workspace: Workspace) -> Iterator[Artifact]:
    """All that a job needs, made from what is here now."""
    from pipeline.jars import jars

    root = workspace.settings.root
    with TemporaryDirectory(prefix="mirrorlake-deploy-") as folder:
        wheel = build_wheel(root, Path(folder))
        yield Artifact("wheel", wheel.name, wheel.read_bytes())
    yield Artifact("script", SCRIPT.name, _read(root / SCRIPT))
    for path in jars(workspace.settings.spark.jars, root):
        yield Artifact("jar", Path(path).name, Path(path).read_bytes())
    yield Artifact("project", "project.zip", zipped(root, PROJECT))
    for contract in workspace.contracts.values():
        yield Artifact("contract", Path(contract.path).name, _read(Path(contract.path)))


def zipped(root: Path, folders: Iterable[str]) -> bytes:
    """The files below these folders of the project as one archive: the same bytes for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for folder in folders:
            for path in sorted((root / folder).rglob("*")):
                name = path.relative_to(root)
                if path.is_file() and not _LEFT_OUT & set(name.parts):
                    archive.writestr(zip_entry(name.as_posix()), path.read_bytes(), compresslevel=6)
    return held.getvalue()


def bring(objects: Objects, artifacts: Iterable[Artifact], before: Mapping[str, str], *, dry: bool) -> list[Deployed]:
    """Put those that are missing; ``before`` maps ``kind/name`` to the key that was in force."""
    there = {info.key: info.size for info in objects.list("")}
    rows = []
    for artifact in artifacts:
        if not dry and there.get(artifact.key) != len(artifact.data):
            _put(objects, artifact, replace=artifact.key in there)
        change = change_of(before.get(f"{artifact.kind}/{artifact.name}"), artifact.key)
        rows.append(Deployed(artifact.kind, artifact.name, change, objects.url(artifact.key)))
    return rows


def _put(objects: Objects, artifact: Artifact, *, replace: bool) -> None:
    """Create it; an object of that name with another size was damaged, and is replaced."""
    if replace:
        objects.put(artifact.key, artifact.data, "deploy.artifact")
        return
    try:
        objects.put_new(artifact.key, artifact.data, "deploy.artifact")
    except AlreadyExistsError:
        return  # another deployment has brought the same bytes meanwhile


def publish(objects: Objects, kind: str, files: Mapping[str, bytes], *, dry: bool) -> list[Deployed]:
    """Put files whose names are fixed because others read them by name, where their bytes differ; in this order."""
    rows = []
    for key, data in files.items():
        change = change_of(objects.get_or_none(key), data)
        if change != "unchanged" and not dry:
            objects.put(key, data, f"deploy.{kind}")
        rows.append(Deployed(kind, key.rsplit("/", 1)[-1], change, objects.url(key)))
    return rows


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read what is to be deployed: {error.strerror}",
            where=str(path),
            fix="deploy from a whole clone of the project, or set MIRRORLAKE_ROOT to one",
        ) from None
