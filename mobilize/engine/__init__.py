"""The engine: a worker that sends, listens and keeps deadlines. Any number may run over one PostgreSQL."""

from .worker import Engine

__all__ = ["Engine"]
