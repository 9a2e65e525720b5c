"""What Prometheus may read: counts and ages, never a person."""

from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector


class Metrics(NamedTuple):
    registry: CollectorRegistry
    updates: Counter
    refused: Counter
    jobs: Counter
    scans: Gauge
    queue_age: Gauge


def metrics() -> Metrics:
    """A registry of its own for each application, so that two may live in one process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return Metrics(
        registry,
        Counter("csss_updates", "Updates received from Telegram", ["kind", "repeated"], registry=registry),
        Counter("csss_refused", "Updates not heard, since there were too many", ["kind"], registry=registry),
        Counter("csss_jobs", "Jobs run, by what became of them", ["kind", "outcome"], registry=registry),
        Gauge("csss_scans", "Scans, by where they stand", ["status"], registry=registry),
        Gauge("csss_queue_age_seconds", "How long the oldest due job has waited", registry=registry),
    )
