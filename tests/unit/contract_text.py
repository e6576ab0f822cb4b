"""One small contract as text, which tests change line by line, and how it is written to a folder of one's own."""

from __future__ import annotations

from pathlib import Path

ORDERS = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.2.0
domain: commerce
description: {purpose: Orders of a shop.}
team: {name: shop-data}
schema:
  - name: orders
    properties:
      - name: order_id
        description: Number of the order.
        logicalType: string
        physicalType: VARCHAR
        primaryKey: true
        required: true
        logicalTypeOptions: {maxLength: 12, pattern: "^[A-Z]{2}[0-9]+$"}
        examples: ["AB12"]
      - name: placed_at
        description: When it was placed, UTC.
        logicalType: timestamp
        required: true
        partitioned: true
        logicalTypeOptions: {minimum: "2000-01-01T00:00:00Z"}
        customProperties: [{property: partitionBy, value: day}]
      - name: amount_usd
        description: What was paid.
        logicalType: number
        physicalType: DECIMAL(12,2)
        logicalTypeOptions: {minimum: 0, maximum: 9999.5}
      - name: paid_usd
        description: What came in.
        logicalType: number
        physicalType: DECIMAL(12,2)
      - name: status
        description: Where it stands.
        logicalType: string
        quality:
          - {metric: invalidValues, arguments: {validValues: [open, paid]}, mustBe: 0, severity: warning}
      - name: lines
        description: How many lines.
        logicalType: integer
        logicalTypeOptions: {maximum: 99}
    quality:
      - {metric: rowCount, mustBeGreaterOrEqualTo: 3}
      - name: paid_not_above_amount
        type: custom
        engine: mirrorlake
        implementation: paid_usd <= amount_usd
slaProperties:
  - {property: freshness, value: 2, unit: d, element: orders.placed_at}
customProperties:
  - {property: layer, value: silver}
  - {property: datasets, value: [shop/orders]}
  - {property: versionColumn, value: placed_at}
"""

CUSTOMERS = """\
apiVersion: v3.1.0
kind: DataContract
id: customers
version: 1.0.0
domain: commerce
description: {purpose: Customers of a shop.}
team: {name: shop-data}
schema:
  - name: customers
    properties:
      - {name: customer_id, description: Who., logicalType: string, primaryKey: true, required: true}
      - {name: born_date, description: When., logicalType: date}
customProperties:
  - {property: layer, value: silver}
  - {property: datasets, value: [shop/customers]}
"""


def write(folder: Path, text: str = ORDERS, name: str = "orders") -> Path:
    """The text as a contract file of that table."""
    path = folder / f"{name}.odcs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def line_of(text: str, part: str) -> int:
    """The line, from 1, on which ``part`` stands first."""
    return text[: text.index(part)].count("\n") + 1
