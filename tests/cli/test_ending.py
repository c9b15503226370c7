"""How long-running commands learn that they are to end."""

import os
import signal
import threading

from mobilize.cli.up import ends_on_signals


def test_a_signal_ends_the_wait() -> None:
    with ends_on_signals() as ended:
        threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGTERM]).start()
        assert ended.wait(10)


def test_a_signal_that_another_thread_gets_ends_the_wait() -> None:
    with ends_on_signals() as ended:
        idle = threading.Thread(target=threading.Event().wait, args=[5], daemon=True)
        idle.start()
        assert idle.ident is not None
        threading.Timer(0.1, signal.pthread_kill, [idle.ident, signal.SIGTERM]).start()
        assert ended.wait(4)


def test_what_was_told_stays_told() -> None:
    with ends_on_signals() as ended:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert ended.wait(0)
        assert ended.wait()


def test_without_a_signal_it_goes_on() -> None:
    with ends_on_signals() as ended:
        assert not ended.wait(0.01)


def test_signals_in_the_middle_of_waiting_are_never_in_the_way() -> None:
    """A handler may interrupt the wait at any instruction; it must not need a lock that the wait holds."""
    with ends_on_signals() as ended:
        signal.signal(signal.SIGALRM, ended.tell)
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        try:
            assert all(ended.wait(5) for _ in range(5_000))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
