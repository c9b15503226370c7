"""Task queues that others use for such work, each with tasks that do nothing.

Every module is a program of its own, run with a Python that has ``requirements-bench.txt``; it
imports nothing of Mobilize. It enqueues, works off what it enqueued in one worker process, and
prints `tally.Tally.as_json`.
"""
