"""Is a text ever lost or sent twice, when processes are killed at random moments?

Engines (one on SQLite, three on PostgreSQL) send through the double (``tests/twilio_double``). It takes the
text and answers 500 to 5 % of the requests, takes it and hangs in 2 %, and says 429 to 5 %. Of the callbacks
10 % come twice and 2 % never, and those of 10 % of the texts in the wrong order. Meanwhile SIGKILL hits
engines, the web process that takes the callbacks, and now and then PostgreSQL itself; whatever was killed is
started again. At the end the double's ledger must show exactly one text on each phone.

Exactness needs evidence. Two smaller scenarios show what is promised without it:

- ``late list``: callbacks and the provider's list come later than both looks. A second text is possible;
- ``no list``: the list cannot be had, and there are no callbacks. A threat to life is sent once more when the
  window closes, everything else is given up, and both are counted.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mobilize.domain.vocabulary import Severity
from tests.twilio_double.process import Double

from .crash_processes import Postgres, Zygote
from .crash_run import Order, Run, Scenario, Stage

DATABASES = ("sqlite", "postgresql")
#: The double's usual misfortunes. A request takes 0.5 s; one that hangs outlasts our timeout.
MISFORTUNES: Mapping[str, Any] = {
    "latency_s": 0.5,
    "faults": {"error_after": 0.05, "hang_after": 0.02, "slow_down": 0.05},
    "hang_s": 4.0,
    "callback_delay_s": 0.1,
    "callback_spread_s": 0.3,
    "callbacks_duplicated": 0.1,
    "callbacks_reordered": 0.1,
    "callbacks_lost": 0.02,
}
EXACT = Scenario("exact", MISFORTUNES, {"DOUBT_WINDOW_SECONDS": "600"})
LATE_LIST = Scenario(
    "late list",
    {
        **MISFORTUNES,
        "faults": {"error_after": 0.2, "hang_after": 0.02, "slow_down": 0.05},
        "list_lag_s": 30.0,
        "callback_delay_s": 3.0,
        "callback_spread_s": 6.0,
    },
    {"DOUBT_WINDOW_SECONDS": "600"},
)
NO_LIST = Scenario(
    "no list",
    {
        **MISFORTUNES,
        "faults": {"error_before": 0.1, "error_after": 0.1, "slow_down": 0.05},
        "list_faults": {"error_before": 1.0},
        "callbacks": False,
    },
    {"DOUBT_WINDOW_SECONDS": "4", "RESEND_IN_DOUBT": "Extreme,Severe"},
    severities=(Severity.SEVERE, Severity.MODERATE),
)
#: Texts for each kill, and seconds between two kills in the mean.
TEXTS_PER_KILL = 5
EVERY_S = 0.35
#: The smaller scenarios have one kill for so many.
_SMALLER = 20
#: What may not happen in any scenario.
_NEVER = (
    "unfinished",
    "chain_faults",
    "strangers",
    "wrong_sids",
    "unexplained_copies",
    "lost_untold",
    "reached_untold",
)
_SHORT = (
    "scenario",
    "database",
    "texts",
    "kills",
    "kills_amid_sending",
    "lost",
    "twice",
    "in_doubt",
    "given_up",
    "seconds",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=1000, help="on each database (1000)")
    parser.add_argument("--texts", type=int, help="on each database (5 for each kill)")
    parser.add_argument("--seed", type=int, default=1, help="of the killer and of the double (1)")
    parser.add_argument("--every", type=float, default=EVERY_S, help=f"seconds between kills ({EVERY_S})")
    parser.add_argument("--database", nargs="+", default=list(DATABASES), choices=DATABASES)
    parser.add_argument("--only", choices=["exact", "late list", "no list"], help="this scenario alone")
    parser.add_argument("--log", type=Path, help="where the killed processes' log lines go (nowhere)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Play every scenario on every database, in databases that are gone afterwards.

    ``rows`` are short; ``details`` has all that was counted, in the same order.
    """
    found = play(orders(args), args.log)
    rows = [{name: row[name] for name in _SHORT} for row in found]
    return {"rows": rows, "goals": goals(found, args.kills), "details": found}


def orders(args: argparse.Namespace) -> list[tuple[Scenario, Order]]:
    texts = args.texts or args.kills * TEXTS_PER_KILL
    fewer = max(args.kills // _SMALLER, min(args.kills, 10))
    sizes = [(EXACT, args.kills, texts), (LATE_LIST, fewer, fewer * 6), (NO_LIST, fewer, fewer * 6)]
    return [
        (scenario, Order(database, kills, count, args.seed, args.every))
        for scenario, kills, count in sizes
        if args.only in (None, scenario.name)
        for database in args.database
    ]


def play(listed: Sequence[tuple[Scenario, Order]], log: Path | None = None) -> list[dict[str, Any]]:
    """The rows of these runs, one after the other."""
    rows = []
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mobilize-crash-")))
        lines = stack.enter_context((log or place / "log").open("w"))
        double = stack.enter_context(Double())
        zygote = stack.enter_context(Zygote(lines))
        server = None
        for n, (scenario, order) in enumerate(listed):
            _say(f"{scenario.name} on {order.database}: {order.kills} kills, {order.texts} texts ...")
            if order.database == "postgresql":
                server = server or stack.enter_context(Postgres(place / "postgresql"))
                stage = Stage(server.new_database(f"crash_{n}"), double, zygote, server)
            else:
                stage = Stage(f"sqlite:///{place}/crash_{n}.db", double, zygote, None)
            rows.append(Run(scenario, order, stage).play())
    return rows


def goals(rows: Sequence[Mapping[str, Any]], kills: int) -> list[dict[str, Any]]:
    """What each row must show. Where exactness is impossible: no copy and no loss that we do not own up to."""
    found = []
    for row in rows:
        where = f"{row['scenario']}, {row['database']}"
        exact = row["scenario"] == EXACT.name
        for name in (*(("lost", "twice") if exact else ()), *_NEVER):
            found.append({"name": f"{where}: {name}", "value": row[name], "goal": 0, "met": row[name] == 0})
        if exact:
            done = row["kills"]
            found.append({"name": f"{where}: kills", "value": done, "goal": kills, "met": done >= kills})
    return found


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
