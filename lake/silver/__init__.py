"""Silver: typed, checked rows, merged by key. Every load that bronze has and the ledger has not is taken in.

Order of writes: quarantine, silver, ledger. A crash between them is harmless: the loads are taken in again, and what
already stands is not written again.

A row that says what stands already is not written, so that a load without news makes no new version. Its load is then
marked ``restates`` in the ledger: should an older load arrive later and contradict, the restating ones are taken in
again with it, for it is the newest word that counts.
"""

from lake.silver.result import SilverResult
from lake.silver.update import update

__all__ = ["SilverResult", "update"]
