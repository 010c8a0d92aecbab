"""What a process measures of itself, for Prometheus. Labels come from closed sets, never from clients."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SHORT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

OPERATIONS: Final = Histogram(
    "lychgate_operation_seconds", "Queries and mutations, by root field", ["kind", "field"], buckets=_SHORT
)
ERRORS: Final = Counter("lychgate_errors_total", "Errors outside of payloads, by code", ["code"])
STATEMENTS: Final = Histogram(
    "lychgate_statement_seconds", "Reads from PostgreSQL, waiting for a connection included", buckets=_SHORT
)
WORKS: Final = Histogram("lychgate_work_seconds", "Transactions that write", buckets=_SHORT)
JOBS: Final = Histogram("lychgate_job_seconds", "Runs of background jobs", ["job"])
JOB_ITEMS: Final = Counter("lychgate_job_items_total", "Items that background jobs did", ["job"])
JOB_FAILURES: Final = Counter("lychgate_job_failures_total", "Runs of background jobs that failed", ["job"])

POOL: Final = Gauge("lychgate_pool_connections", "Connections to PostgreSQL", ["pool", "state"])
LIVE: Final = Gauge(
    "lychgate_live",
    "Websockets, subscriptions, groups, who reads what was missed, and events that are waited for",
    ["what"],
)
LIVE_LAG: Final = Histogram(
    "lychgate_live_lag_seconds", "From an event to its answer, once a subscription or a group", buckets=_SHORT
)
DOCUMENTS: Final = Gauge("lychgate_documents", "GraphQL documents kept parsed", ["what"])
MAILS: Final = Gauge("lychgate_mails_waiting", "Mails in the outbox that are due")


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Measure a block, however it ends."""
    started = time.perf_counter()
    try:
        yield
    finally:
        histogram.observe(time.perf_counter() - started)
