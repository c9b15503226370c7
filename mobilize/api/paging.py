"""Lists in pages: ``?page=2&per_page=100`` in, items with the total out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from marshmallow import Schema, fields, validate
from sqlalchemy import Select, func, select

from mobilize.extensions import db

T = TypeVar("T")

MAX_PER_PAGE = 500


class PageQuery(Schema):
    """Which page; inherit from it to add filters. The first page has number 1."""

    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=1_000_000))
    per_page = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_PER_PAGE))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. ``total`` counts the whole list."""

    items: Sequence[T]
    page: int
    per_page: int
    total: int


def paginate(query: Select[T], *, page: int, per_page: int) -> Page[T]:
    """One page of a query, which must have an order."""
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    items = db.session.scalars(query.limit(per_page).offset((page - 1) * per_page)).unique().all()
    return Page(items, page, per_page, total)


@cache
def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of a page of such items."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "page": fields.Integer(),
            "per_page": fields.Integer(),
            "total": fields.Integer(),
        },
        name=f"{item.__name__.removesuffix('Schema')}Page",
    )
