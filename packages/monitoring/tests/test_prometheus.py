"""A real promtool accepts and proves what is exported, and a real Prometheus scrapes it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from maestro_core_logging import LogContext
from maestro_monitoring.exposition import Scrape
from maestro_monitoring.metrics_server import MetricsServer
from maestro_resilience.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import CollectorRegistry

BAD = mm.SLO(
    "web-errors",
    0.999,
    sli=mm.ratio(total="http_requests_total", bad='http_requests_total{status=~"5.."}'),
    description='Answers without "5xx".',
)
GOOD = mm.SLO("good", 0.99, sli=mm.ratio(total="jobs_total", good='jobs_total{outcome="done"}'))
SLOW = mm.SLO("web_latency", 0.95, sli=mm.latency("http_request_duration_seconds", 0.25, labels={"route": "/a"}))

TEXT = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda c: c not in "{}"), max_size=30)
NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True)
LABELS = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter("le".__ne__), TEXT, max_size=3)


def promtool_says(promtool: str, *arguments: str, stdin: bytes | None = None) -> str:
    done = subprocess.run([promtool, *arguments], input=stdin, capture_output=True, check=False)
    output = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, output
    return output


def test_promtool_accepts_the_exported_rules(promtool: str, tmp_path: Path) -> None:
    alerts = [
        mm.AlertRule(
            name="QueueDeep", expr="queued_jobs > 100", for_seconds=90, severity="page", summary="Deep: {{ $value }}"
        ),
        mm.AlertRule(name="Down", expr='up{job="a"} == 0', keep_firing_seconds=0.5, labels={"team": "a\n\"b'\x7f"}),
    ]
    text = mm.export_prometheus_rules([BAD, GOOD, SLOW], alerts, path=tmp_path / "rules.yml")
    assert (tmp_path / "rules.yml").read_text(encoding="utf-8") == text
    assert "SUCCESS: 26 rules found" in promtool_says(promtool, "check", "rules", str(tmp_path / "rules.yml"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(NAME, st.floats(0.0001, 0.9999), TEXT, LABELS), max_size=3, unique_by=lambda each: each[0]),
    st.lists(st.tuples(NAME, TEXT, LABELS, st.floats(0, 1e6)), min_size=1, max_size=3, unique_by=lambda each: each[0]),
)
def test_promtool_accepts_every_rule_file_that_can_be_written(
    promtool: str, tmp_path: Path, slos: list[Any], alerts: list[Any]
) -> None:
    promised = [
        mm.SLO(name, objective, sli=mm.latency("wait_seconds", 0.5, labels=labels), description=text)
        for name, objective, text, labels in slos
    ]
    rules = [
        mm.AlertRule(name=name, expr="up == 0", summary=text, labels=labels, for_seconds=seconds)
        for name, text, labels, seconds in alerts
    ]
    mm.export_prometheus_rules(promised, rules, path=tmp_path / "rules.yml")
    promtool_says(promtool, "check", "rules", str(tmp_path / "rules.yml"))


def series(minutes: int, per_minute: list[int]) -> str:
    """A counter's values, one a minute, in promtool's words."""
    total, values = 0, ["0"]
    for minute in range(minutes):
        total += per_minute[minute]
        values.append(str(total))
    return " ".join(values)


def simulated(bad: list[int], good: list[int]) -> dict[str, list[tuple[int, str]]]:
    """What the engine tells of the same events, minute by minute."""
    clock = VirtualClock(0)
    engine = mm.SLOEngine([BAD], clock=clock)
    told: dict[str, list[tuple[int, str]]] = {}
    for minute, (wrong, right) in enumerate(zip(bad, good, strict=True), start=1):
        engine.record(BAD.name, good=False, count=wrong)
        engine.record(BAD.name, good=True, count=right)
        clock.advance(60)
        for alert in engine.evaluate():
            told.setdefault(alert.name, []).append((minute, alert.state.value))
    return told


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        pytest.param([0] * 400 + [50] * 40 + [0] * 100, [100] * 540, id="an outage of 40 minutes"),
        pytest.param([0] * 400 + [1] * 300, [100] * 700, id="a slow burn at ten times the allowed speed"),
        pytest.param([0] * 60 + [0, 1] * 250, [1_000] * 560, id="half the allowed speed"),
    ],
)
def test_promtool_proves_that_exported_alerts_fire_when_the_engine_does(
    bad: list[int], good: list[int], promtool: str, tmp_path: Path
) -> None:
    """On generated series; two minutes before and four after either, they are not, and are, in the same state."""
    mm.export_prometheus_rules([BAD], path=tmp_path / "rules.yml")
    told = simulated(bad, good)
    tests = []
    for window in mm.BURN_WINDOWS:
        name = BAD.alert_name(window)
        labels = {
            "severity": window.severity,
            "slo": BAD.name,
            "long": {3_600: "1h", 21_600: "6h", 259_200: "3d"}[window.long],
        }
        labels["short"] = {300: "5m", 1_800: "30m", 21_600: "6h"}[window.short]
        annotations = {"summary": BAD.alert_summary(window), "description": BAD.description}
        firing, at = False, [(len(bad), False)]
        for minute, state in told.get(name, []):
            at += [(max(0, minute - 2), firing), (minute + 4, state == "firing")]
            firing = state == "firing"
        at[0] = (len(bad), firing)
        for minute, expected in at:
            alerts = [{"exp_labels": labels, "exp_annotations": annotations}] if expected else []
            tests.append({"eval_time": f"{minute}m", "alertname": name, "exp_alerts": alerts})
    given_series = [
        {"series": 'http_requests_total{status="500"}', "values": series(len(bad), bad)},
        {"series": 'http_requests_total{status="200"}', "values": series(len(good), good)},
    ]
    suite = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given_series, "alert_rule_test": tests}],
    }
    (tmp_path / "test.yml").write_text(json.dumps(suite))  # JSON is YAML
    assert "SUCCESS" in promtool_says(promtool, "test", "rules", str(tmp_path / "test.yml"))


@pytest.mark.parametrize("slo", [GOOD, SLOW], ids=lambda slo: slo.name)
def test_promtool_proves_that_nothing_good_at_all_is_a_total_outage(slo: mm.SLO, promtool: str, tmp_path: Path) -> None:
    """Also when the series of good events was never there."""
    mm.export_prometheus_rules([slo], path=tmp_path / "rules.yml")
    total = "jobs_total" if slo is GOOD else 'http_request_duration_seconds_count{route="/a"}'
    ratio_5m = {"expr": f'slo:error_ratio:rate5m{{slo="{slo.name}"}}', "eval_time": "30m"}
    sample = {"labels": f'slo:error_ratio:rate5m{{slo="{slo.name}"}}', "value": 1}
    suite = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": total, "values": "0+10x60"}],
                "promql_expr_test": [{**ratio_5m, "exp_samples": [sample]}],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps(suite))
    promtool_says(promtool, "test", "rules", str(tmp_path / "test.yml"))


def test_promtool_finds_nothing_wrong_with_what_we_expose_ourselves(promtool: str, registry: CollectorRegistry) -> None:
    mm.MetricsMiddleware(None, registry)  # type: ignore[arg-type] # only its metrics are wanted
    mm.LoopMonitor(registry=registry)
    mm.counter("orders", "Orders.", ["shop"], max_label_values=1, registry=registry).labels("a").inc(float("nan"))
    text, _ = Scrape(registry).render("")
    assert promtool_says(promtool, "check", "metrics", stdin=text) == ""


class Prometheus:
    """A real server that scrapes one target, in a folder of its own."""

    def __init__(self, program: str, folder: Path, target: str, rules: Path) -> None:
        self.address = f"http://127.0.0.1:{_free_port()}"
        settings = {
            "global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "service", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(settings))
        listen = self.address.removeprefix("http://")
        flags = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        self._log = (folder / "prometheus.log").open("wb")
        features = "--enable-feature=exemplar-storage"
        self._process = subprocess.Popen(
            [program, *flags, f"--web.listen-address={listen}", features], stdout=self._log, stderr=self._log
        )

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer of its API; None while there is none."""
        assert self._process.poll() is None, "prometheus has ended"
        try:
            with urllib.request.urlopen(f"{self.address}{path}?{urllib.parse.urlencode(query)}") as answer:  # noqa: S310
                return json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError):
            return None

    def until(self, path: str, key: str, **query: str) -> Any:
        """The data under a key, as soon as there is any."""
        waiting = threading.Event()
        for _ in range(600):
            data = self.ask(path, **query)
            found = data if isinstance(data, list) else (data or {}).get(key)
            if found:
                return found
            waiting.wait(0.1)
        pytest.fail(f"prometheus has nothing for {query} after a minute")

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        self._log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def scraped(prometheus: str, registry: CollectorRegistry, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the registry and has its rules."""
    rules = [mm.AlertRule(name="Busy", expr="busy_jobs > 3", severity="page")]
    mm.export_prometheus_rules([BAD], rules, path=tmp_path / "rules.yml")
    server = MetricsServer.open("127.0.0.1", 0, registry)
    running = Prometheus(prometheus, tmp_path, f"127.0.0.1:{server.port}", tmp_path / "rules.yml")
    yield running
    running.close()
    server.close()


def test_a_real_prometheus_scrapes_values_and_exemplars_and_fires_alerts(
    scraped: Prometheus, registry: CollectorRegistry
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    mm.counter("orders", labels=["shop"], registry=registry).labels('ber"lin\n\\').inc(7)
    mm.gauge("busy_jobs", registry=registry).set(5)
    with LogContext(trace_id=trace):
        mm.histogram("wait_seconds", registry=registry).observe(0.3)
    (orders,) = scraped.until("/api/v1/query", "result", query="orders_total")
    assert (orders["metric"]["shop"], orders["value"][1]) == ('ber"lin\n\\', "7")
    (alert,) = scraped.until("/api/v1/query", "result", query='ALERTS{alertname="Busy",alertstate="firing"}')
    assert alert["metric"]["severity"] == "page"
    (exemplar,) = scraped.until("/api/v1/query_exemplars", "", query="wait_seconds_bucket", start="0", end="9999999999")
    assert exemplar["exemplars"][0]["labels"] == {"trace_id": trace}
    (target,) = scraped.until("/api/v1/targets", "activeTargets")
    assert (target["health"], target["lastError"]) == ("up", "")
