"""Prometheus metrics: counts and ages, no personal data."""

from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector


class Metrics(NamedTuple):
    """One application's metrics and their registry."""

    registry: CollectorRegistry
    updates: Counter
    refused: Counter
    jobs: Counter
    scans: Gauge
    queue_age: Gauge
    audit_broken: Gauge
    loop_lag: Histogram


def build_metrics() -> Metrics:
    """A separate registry per application, so that several can run in one process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return Metrics(
        registry,
        Counter("csss_updates", "Updates received from Telegram", ["kind", "repeated"], registry=registry),
        Counter("csss_refused", "Updates dropped by the rate limit", ["kind"], registry=registry),
        Counter("csss_jobs", "Jobs run, by outcome", ["kind", "outcome"], registry=registry),
        Gauge("csss_scans", "Scans, by status", ["status"], registry=registry),
        Gauge("csss_queue_age_seconds", "Seconds that the oldest due job has waited", registry=registry),
        Gauge("csss_audit_broken", "1: the last verification found the audit record not whole", registry=registry),
        Histogram(
            "csss_loop_lag_seconds",
            "Seconds that a due task waited for the event loop",
            buckets=(0.005, 0.02, 0.1, 0.5, 2),
            registry=registry,
        ),
    )
