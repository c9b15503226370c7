"""Reading many rows fast: long lists of numbers as one SQL parameter, and rows without the ORM.

Thousands of ids or hundreds of cell ranges travel as one JSON text. The statement stays the same
whatever the length, so it is compiled once, and no database's limit on parameters matters.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    Text,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from mobilize.extensions import db


def read(query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
    """The rows of a query on the session's connection; sees only what has been flushed.

    The session itself would handle each row again, which takes longer than the database does.
    """
    return db.session.connection().execute(query).all()


def columns(query: Select[*tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """The same as plain tuples of the database's own values: for numbers and bytes, which need no reading."""
    found: Sequence[tuple[Any, ...]] = db.session.connection().execute(query).cursor.fetchall()
    return found


def joined(query: Select[bytes]) -> tuple[bytes, int]:
    """The values of the query's only column, one after the other, and how many they are.

    PostgreSQL joins them itself: one long value travels faster than thousands of short ones.
    """
    if _on_sqlite():
        rows = columns(query)
        return b"".join([row[0] for row in rows]), len(rows)
    [column] = query.selected_columns
    whole = query.with_only_columns(func.string_agg(column, cast(literal(b""), LargeBinary)), func.count())
    [(values, count)] = columns(whole)
    return values or b"", count


def _on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


def _elements(values: list[Any]) -> FromClause:
    """One row per element, in a column ``value``."""
    text = json.dumps(values)
    if _on_sqlite():
        return func.json_each(text).table_valued("value", name="listed")
    return (
        func.jsonb_array_elements(cast(literal(text, Text), JSONB))
        .table_valued("value", name="listed")
        .render_derived()
    )


def numbers(values: Iterable[int]) -> Select[tuple[int]]:
    """The numbers as a subquery, for ``column.in_(numbers(ids))``."""
    listed = _elements(sorted(values))
    return select(cast(listed.c.value, BigInteger))


def spans(ranges: list[tuple[int, int]]) -> tuple[FromClause, ColumnElement[int], ColumnElement[int]]:
    """The ranges as rows to join with: the rows, and their low and high (both inclusive)."""
    listed = _elements([list(pair) for pair in ranges])
    if _on_sqlite():
        low = func.json_extract(listed.c.value, "$[0]", type_=BigInteger)
        high = func.json_extract(listed.c.value, "$[1]", type_=BigInteger)
        return listed, low, high
    value = cast(listed.c.value, JSONB)
    return listed, cast(value[0].astext, BigInteger), cast(value[1].astext, BigInteger)
