"""The only builder of lake paths: keys relative to the lake's root, which storage joins to a folder or a bucket.

Every segment that comes from outside (a slice, a source, a run id) passes ``segment``, so no place name can climb
out of the lake.
"""

from __future__ import annotations

import re
from datetime import date

from lake.errors import UsageError

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,127}\Z")


def segment(value: str, kind: str = "path segment") -> str:
    """Give ``value`` back if it may stand in a path; otherwise say so."""
    if not _SAFE.match(value) or ".." in value:
        raise UsageError(
            f"{value!r} cannot be used as a {kind}",
            fix="use up to 128 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return value


# --- bronze: as received, create-only -------------------------------------------------------------------------------
def bronze_dataset(source: str, dataset: str) -> str:
    """The folder of all loads of one dataset."""
    return f"bronze/source={segment(source, 'source')}/dataset={segment(dataset, 'dataset')}"


def bronze_slice(source: str, dataset: str, run_date: date, slice_key: str) -> str:
    """The folder of all loads of one run date and slice."""
    return f"{bronze_dataset(source, dataset)}/run_date={run_date:%Y-%m-%d}/slice={segment(slice_key, 'slice')}"


def bronze_load(source: str, dataset: str, run_date: date, slice_key: str, load: int) -> str:
    """The folder of one load, which is also the load's name everywhere else (column ``_payload``)."""
    return f"{bronze_slice(source, dataset, run_date, slice_key)}/load={load:d}"


def bronze_page(load: str, page: int, pages: int = 1) -> str:
    """One page of a load, as received."""
    return f"{load}/raw.json" if pages == 1 else f"{load}/raw-{page:05d}.json"


def bronze_manifest(load: str) -> str:
    """What is known of a load; written last, so that without it there is no load."""
    return f"{load}/manifest.json"


def bronze_acceptance(load: str, table: str) -> str:
    """Somebody's word that a load, though refused, may enter a table; beside the load, so that a rebuild keeps it."""
    return f"{load}/accepted-{segment(table, 'table')}.json"


def refused_payload(source: str, dataset: str, run_date: date, slice_key: str, sha256: str) -> str:
    """Where a body that was refused before it became a load is kept for inspection."""
    place = (
        f"source={segment(source)}/dataset={segment(dataset)}/run_date={run_date:%Y-%m-%d}/slice={segment(slice_key)}"
    )
    return f"_refused/{place}/{sha256[:16]}"


# --- tables ---------------------------------------------------------------------------------------------------------
def table(layer: str, name: str) -> str:
    """The folder of one table's Delta log and files."""
    return f"{layer}/{segment(name, 'table')}"


def quarantine(name: str) -> str:
    """The folder of the rows that broke a silver table's contract."""
    return f"quarantine/{segment(name, 'table')}"


# --- state: small JSON objects, replaced atomically or create-only --------------------------------------------------
def silver_ledger(name: str) -> str:
    """Which loads a silver table has taken in or refused."""
    return f"_state/silver/{segment(name, 'table')}.json"


def gold_snapshots() -> str:
    """The folder of gold's committed snapshots."""
    return "_state/gold"


def gold_snapshot(number: int) -> str:
    """One committed snapshot: the map of gold table to version."""
    return f"{gold_snapshots()}/{number:08d}.json"


def fingerprint(stage: str) -> str:
    """What a stage was last run on."""
    return f"_state/fingerprints/{segment(stage.replace(' ', '-'), 'stage')}.json"


def job_result(run_id: str, token: str) -> str:
    """What a job that a run started in the cloud leaves when it ends; ``token`` tells it from another of that run."""
    return f"_state/jobs/{segment(run_id, 'run id')}/{segment(token, 'token')}.json"


def stale(source: str) -> str:
    """Why the last ingest of a source left something out."""
    return f"_state/stale/{segment(source, 'source')}.json"


LEASE_FILES = "_state/lease"  # what their names begin with


def lease() -> str:
    """Who is running."""
    return f"{LEASE_FILES}.json"


def lake_identity() -> str:
    """An id that the lake keeps, wherever it is moved; made when something first asks for it."""
    return "_state/identity"


def validation_probe(name: str) -> str:
    """An object that is written and deleted to see that this can be done."""
    return f"_state/probe-{segment(name, 'probe')}"


def mirror_record() -> str:
    """In a copy of a lake: which lake it is of, and what it has."""
    return "_mirror.json"


def audit_root() -> str:
    """The folder of all audit records."""
    return "_audit"


def audit_run(run_id: str) -> str:
    """The folder of one run's records."""
    return f"{audit_root()}/run_id={segment(run_id, 'run id')}"


def audit_record(run_id: str, call: str) -> str:
    """The record of one call of one stage."""
    return f"{audit_run(run_id)}/{segment(call, 'call')}.json"


def quality_report(run_id: str, name: str) -> str:
    """One file of the report of one run's checks."""
    return f"_audit/reports/run_id={segment(run_id, 'run id')}/{segment(name, 'report')}"
