"""The bell: how an engine learns at once that there is work, whichever process wrote it down.

Within a process it is the signal ``runtime.work_waiting``. Between processes PostgreSQL carries it
(``NOTIFY``, delivered with the commit, to every engine that listens). On SQLite other processes look at
their next tick. The bell only saves waiting: whoever misses it finds the work all the same.
"""

from sqlalchemy import text

from mobilize.extensions import db

#: The PostgreSQL channel.
CHANNEL = "mobilize_work"


def ring_with_commit() -> None:
    """Tell engines in other processes, when the current transaction commits. It repeats at no cost."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text(f"NOTIFY {CHANNEL}"))
