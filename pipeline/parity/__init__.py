"""Whether two environments hold the same rows: every table of both, compared by key with the contract's rules.

``subjects`` says what is compared, ``sides`` brings each table of a side into one Parquet file, ``rows`` joins two
such files in DuckDB, ``traps`` and ``shifts`` name the known reason of a difference, ``report`` writes it down.
"""

from pipeline.parity.compare import compare
from pipeline.parity.model import Parity, TableParity
from pipeline.parity.sides import Side, opened

__all__ = ["Parity", "Side", "TableParity", "compare", "opened"]
