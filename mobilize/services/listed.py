"""A list of rows as a table of one statement, handed over as a single JSON parameter.

Both databases read it faster than they, and we, bind thousands of values one by one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Select, Subquery, cast, column, func, literal, literal_column, select
from sqlalchemy.types import String, TypeEngine

from mobilize.extensions import db


def listed(rows: Sequence[Sequence[Any]], fields: Mapping[str, TypeEngine[Any]]) -> Subquery:
    """The rows with their fields, in order, and with a column ``rank`` that counts them.

    Values are numbers, texts and ``None``. To be joined by primary keys only: the database does not know
    how many rows there are.
    """
    parameter = literal(json.dumps(rows), String)
    if db.engine.dialect.name == "postgresql":
        elements = func.json_array_elements(cast(parameter, JSON))
        each = elements.table_valued(column("value", JSON), with_ordinality="rank").render_derived()
        rank = each.c.rank
    else:
        each = func.json_each(parameter).table_valued("key", "value")
        rank = each.c.key.label("rank")
    values = (
        cast(each.c.value.op("->>")(literal_column(str(n))), kind).label(name)
        for n, (name, kind) in enumerate(fields.items())
    )
    return select(*values, rank).subquery("listed")


def among(ids: Sequence[int]) -> Select[int]:
    """The ids as a subquery, for ``IN``: one parameter, and one statement whatever their number."""
    return select(listed([(one,) for one in ids], {"id": BigInteger()}).c.id)
