"""Questions to Snowflake that are refused before anybody is asked."""

from __future__ import annotations

import pytest

from lake.errors import UsageError
from warehouse.warehouses._snowflake_ask import tables_in


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("selec 1", "Invalid expression / Unexpected token: line 1, column 7, at '1' in 'selec 1'"),
        ("select (1", "Expecting ): line 1, column 9, at '1' in 'select (1'"),
        ("select 'a", "Error tokenizing"),
    ],
)
def test_sql_that_cannot_be_read_is_told_in_plain_words(sql: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        tables_in(sql)
    assert caught.value.what.startswith(f"the SQL cannot be read: {said}")
    assert "\x1b" not in caught.value.what
