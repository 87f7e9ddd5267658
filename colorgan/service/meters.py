"""Counters of the service, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from colorgan.service.studio import Studio
from colorgan.service.uploads import Uploads
from colorgan.version import __version__

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meters:
    """Counters of one service; none has a label that a client chooses."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, studio: Studio, uploads: Uploads) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

        def gauge(name: str, words: str) -> Gauge:
            return Gauge(f"colorgan_{name}", words, registry=self._registry)

        gauge("photographs_inside", "Photographs that wait or are colored").set_function(
            lambda: studio.inside
        )
        gauge("upload_bytes", "Bytes of uploads in memory").set_function(lambda: uploads.held)
        model = studio.colorizer.model
        info = Gauge(
            "colorgan_info",
            "What runs",
            ("version", "device", "model_sha256"),
            registry=self._registry,
        )
        info.labels(__version__, model.runs_on, model.credit.sha256).set(1)
        self.requests = Counter(
            "colorgan_requests", "Requests to /colorize by their status", ("code",), registry=self._registry
        )
        self.photographs = Counter(
            "colorgan_photographs", "Photographs by what became of them", ("status",), registry=self._registry
        )
        self.received = Counter("colorgan_received_bytes", "Bytes of photographs", registry=self._registry)
        self.sent = Counter("colorgan_sent_bytes", "Bytes of results", registry=self._registry)
        self.seconds = Histogram(
            "colorgan_work_seconds",
            "Time that a photograph waits and is colored",
            buckets=SECONDS,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
