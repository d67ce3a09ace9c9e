"""What the agent is measured beside: Debian's packages that do the equivalent job, set to do no more than that.

A peer is paced like the agent: collectd by its interval, node_exporter by being scraped.
"""

import contextlib
import http.server
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from processes import Running, version_of, wait_for

COLLECTD = """
Interval {interval_s}
FQDNLookup false
BaseDir "{folder}"
PIDFile "{folder}/pid"
PluginDir "/usr/lib/collectd"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin cpu
LoadPlugin cpufreq
LoadPlugin disk
LoadPlugin interface
LoadPlugin load
LoadPlugin memory
LoadPlugin swap
LoadPlugin thermal
LoadPlugin uptime
LoadPlugin vmem
"""
# Lean: by UDP to a port where nobody listens, and no hardware monitor.
BY_UDP = """
LoadPlugin network
<Plugin network>
  Server "{host}" "{port}"
</Plugin>
"""
# The agent's own job: libsensors, and each sample by HTTP to a server that answers.
BY_HTTP = """
LoadPlugin sensors
LoadPlugin write_http
<Plugin write_http>
  <Node "server">
    URL "http://{host}:{port}/"
    Format "JSON"
  </Node>
</Plugin>
"""
# The collectors that read what the agent reads.
MINIMAL = ("cpu", "cpufreq", "diskstats", "hwmon", "loadavg", "meminfo", "netdev", "pressure", "thermal_zone",
           "vmstat")


def collectd_settings(peer: "Peer", interval_ms: int, folder: str, host: str, port: int) -> str:
    way = BY_HTTP if peer is COLLECTD_PEER else BY_UDP
    return (COLLECTD + way).format(interval_s=interval_ms / 1000, folder=folder, host=host, port=port)


@dataclass(frozen=True)
class Peer:
    name: str
    package: str
    is_paced: bool = True

    @property
    def version(self) -> str:
        return version_of(self.package)


COLLECTD_PEER = Peer("collectd, sensors and HTTP", "collectd-core")
COLLECTD_LEAN = Peer("collectd, lean, UDP", "collectd-core")
NODE_MINIMAL = Peer("node_exporter, minimal", "prometheus-node-exporter")
NODE_DEFAULT = Peer("node_exporter, default", "prometheus-node-exporter")
EARLYOOM = Peer("earlyoom", "earlyoom", is_paced=False)
ALL = (COLLECTD_PEER, COLLECTD_LEAN, NODE_MINIMAL, NODE_DEFAULT, EARLYOOM)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Responder:
    """A server that reads what is sent, and answers each request with a small reply; connections are kept."""

    def __enter__(self) -> "Responder":
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802, the library's name
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.send_response(200)
                self.send_header("Content-Length", "64")
                self.end_headers()
                self.wfile.write(b"." * 64)

            def log_message(self, format: str, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Whoever was measured ends in the middle of a request: no fault of the server's."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def running(peer: Peer, folder: pathlib.Path, interval_ms: int, prefix: tuple[str, ...] = ()) -> Iterator[Running]:
    """The peer at work: yields once it has begun to sample."""
    folder.mkdir(parents=True, exist_ok=True)
    if peer is EARLYOOM:
        with Running([*prefix, "/usr/bin/earlyoom", "-r", "0", "--dryrun"], folder / "log") as process:
            yield process
    elif peer in (COLLECTD_PEER, COLLECTD_LEAN):
        settings = folder / "collectd.conf"
        with Responder() as responder:
            port = responder.port if peer is COLLECTD_PEER else free_port()
            settings.write_text(collectd_settings(peer, interval_ms, str(folder), "127.0.0.1", port))
            with Running([*prefix, "/usr/sbin/collectd", "-f", "-C", str(settings)], folder / "log") as process:
                yield process
    else:
        port = free_port()
        only = ["--collector.disable-defaults", *(f"--collector.{name}" for name in MINIMAL)]
        command = [*prefix, "/usr/bin/prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
                   *(only if peer is NODE_MINIMAL else [])]
        with Running(command, folder / "log") as process:
            wait_for(20, peer.name, lambda: _answers(port))
            stop = threading.Event()
            scraper = threading.Thread(target=_scrape, args=(port, interval_ms, stop), daemon=True)
            scraper.start()
            try:
                yield process
            finally:
                stop.set()
                scraper.join()


def _page(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        return reply.read()


def _answers(port: int) -> bool:
    try:
        return len(_page(port)) > 0
    except OSError:
        return False


def _scrape(port: int, interval_ms: int, stop: threading.Event) -> None:
    due = time.monotonic()
    while not stop.is_set():
        with contextlib.suppress(OSError):
            _page(port)
        due += interval_ms / 1000
        stop.wait(max(0.0, due - time.monotonic()))


def files_read(command: list[str], seconds: float, log: pathlib.Path) -> list[str]:
    """The files below /proc and /sys that a program reads again and again, by strace."""
    with Running(["strace", "-f", "-qq", "-y", "-e", "trace=read,pread64", "-o", str(log), *command],
                 log.with_suffix(".out")) as process:
        time.sleep(seconds)
        subprocess.run(["kill", "-TERM", *_children(process.pid)], check=False)
        process.process.wait(10)
    return read_again_and_again(log.read_text(errors="replace"))


def read_again_and_again(trace: str) -> list[str]:
    counts: dict[str, int] = {}
    for line in trace.splitlines():
        start, _, rest = line.partition("<")
        path = rest.partition(">")[0]
        if "read" in start and path.startswith(("/proc/", "/sys/")):
            # /proc/net is the reader's own: another's number would be gone with it.
            path = re.sub(r"^/proc/[0-9]+/", "/proc/self/", path)
            counts[path] = counts.get(path, 0) + 1
    most = max(counts.values(), default=0)
    # A long file takes some reads a cycle; what is read at the start or once a minute is not of the cycle.
    return sorted(path for path, count in counts.items() if count * 4 > most)


def _children(pid: int) -> list[str]:
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
