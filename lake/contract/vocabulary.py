"""The words that a contract file may use: ODCS keys that we obey or let pass, and our custom properties.

Keys of the standard that would promise something that nothing here keeps (``unique``, nested ``properties``) are left
out, so that they are refused instead of ignored.
"""

from __future__ import annotations

import re

from lake.contract.model import Severity


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


API_VERSION = "v3.1.0"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
MAX_NAME_LENGTH = 48  # with the suffix of a constraint's name it stays within Postgres's 63

TOP_KEYS = _words(
    """
    apiVersion kind id name version status domain description team roles schema slaProperties customProperties tenant
    tags servers dataProduct support price authoritativeDefinitions slaDefaultElement contractCreatedTs
    """
)
TABLE_KEYS = _words(
    """
    id name logicalType physicalType description businessName dataGranularityDescription properties relationships
    quality tags authoritativeDefinitions
    """
)
COLUMN_KEYS = _words(
    """
    id name description logicalType physicalType logicalTypeOptions required primaryKey primaryKeyPosition partitioned
    partitionKeyPosition examples quality relationships customProperties businessName classification tags
    criticalDataElement deprecated authoritativeDefinitions transformSourceObjects transformLogic transformDescription
    """
)
CHECK_KEYS = _words("id name description dimension severity type engine implementation metric unit arguments mustBe")

TABLE_CUSTOM = _words(
    """
    datasets evolution history layer load onDuplicate rejectionThreshold shrinkThreshold versionColumn warehouse
    windowDays
    """
)
SILVER_ONLY = _words("datasets history load onDuplicate rejectionThreshold shrinkThreshold versionColumn")
COLUMN_CUSTOM = _words("decimals partitionBy severities sourceField unit")

SERVICE_LEVELS = _words("availability freshness frequency generalAvailability latency retention timeToRepair")
SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warn"}
LOGICAL_TYPES = _words("boolean date integer number string timestamp")
PHYSICAL_TYPES = {
    "boolean": "BOOLEAN",
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE or DECIMAL(precision,scale)",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
}
