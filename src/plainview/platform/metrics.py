"""What Prometheus is told."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

disable_created_metrics()  # type: ignore[no-untyped-call]
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """Counters of one platform, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._pages = Counter("plainview_pages", "Feed requests answered.", ["mode", "outcome"], registry=self.registry)
        self._refusals = Counter(
            "plainview_page_refusals",
            "Receipts the fence refused, before ranking again.",
            ["code"],
            registry=self.registry,
        )
        self._events = Counter("plainview_events", "Events received.", ["outcome"], registry=self.registry)
        self._epochs = Counter("plainview_epochs", "Epochs published.", registry=self.registry)
        self._ranking = Histogram(
            "plainview_ranking_seconds", "Ranking one page.", buckets=_SECONDS, registry=self.registry
        )
        self._commit = Histogram(
            "plainview_commit_seconds", "From a receipt to its durable index.", buckets=_SECONDS, registry=self.registry
        )

    def page(self, mode: str, outcome: str) -> None:
        """A page went out (`fresh`, `repeated`), was refused (the fault's code), or `failed`, by a full disk say."""
        self._pages.labels(mode, outcome).inc()

    def refusal(self, code: str) -> None:
        """The fence refused a receipt."""
        self._refusals.labels(code).inc()

    def event(self, outcome: str, count: int = 1) -> None:
        """`count` events were taken (`fresh`, `repeated`), refused (the fault's code), or `failed` (a full disk)."""
        self._events.labels(outcome).inc(count)

    def epoch(self) -> None:
        """An epoch was published."""
        self._epochs.inc()

    def ranked(self, seconds: float) -> None:
        """How long one ranking took."""
        self._ranking.observe(seconds)

    def committed(self, seconds: float) -> None:
        """How long one receipt took to become durable."""
        self._commit.observe(seconds)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A number that is looked up when it is asked for."""
        Gauge(f"plainview_{name}", text, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
