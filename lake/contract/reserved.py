"""Words that no column may be named by, because one of the backends reserves them.

From DuckDB 2.0 (``duckdb_keywords()``, categories reserved and type_function), PostgreSQL 18 (``pg_get_keywords()``,
categories R and T), Snowflake's list of reserved keywords, and Spark 3.5's reserved keywords in ANSI mode.
"""

from __future__ import annotations

_DUCKDB = """
all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check collate
collation column columns concurrently constraint create cross default deferrable desc describe distinct do else end
except false fetch for foreign freeze from full generated glob group having ilike in initially inner intersect into is
isnull join lambda lateral leading left like limit map natural not notnull null offset on only or order outer overlaps
pivot pivot_longer pivot_wider placing positional primary qualify references returning right select semi show similar
some struct summarize symmetric table tablesample then to trailing true try_cast tuple union unique unpack unpivot using
variadic verbose when where window with
"""
_POSTGRES = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
using variadic verbose when where window with
"""
_SNOWFLAKE = """
account all alter and any as between by case cast check column connect connection constraint create cross current
current_date current_time current_timestamp current_user database delete distinct drop else exists false following for
from full grant group gscluster having ilike in increment inner insert intersect into is issue join lateral left like
localtime localtimestamp minus natural not null of on or order organization qualify regexp revoke right rlike row rows
sample schema select set some start table tablesample then to trigger true try_cast union unique update using values
view when whenever where with
"""
_SPARK = """
all and anti any as authorization both case cast check collate column constraint create cross current_date current_time
current_timestamp current_user distinct else end escape except exists false fetch filter for foreign from full grant
group having in inner intersect into is join lateral leading left natural not null offset on only or order outer
overlaps primary references right select semi session_user some table then to trailing true union unique unknown user
using when where with
"""

_LISTS = {"DuckDB": _DUCKDB, "Postgres": _POSTGRES, "Snowflake": _SNOWFLAKE, "Spark": _SPARK}
RESERVED: dict[str, tuple[str, ...]] = {}
for _backend, _words in _LISTS.items():
    for _word in _words.split():
        RESERVED[_word] = (*RESERVED.get(_word, ()), _backend)
"""Each reserved word with the backends that reserve it."""
