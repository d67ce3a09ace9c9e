"""An aggregator of its own for what is measured, over HTTP or HTTPS, and agents that report to it."""

import contextlib
import json
import pathlib
import re
import ssl
import subprocess
import urllib.request

from processes import PROGRAMS, Running, wait_for


class Fleet:
    """Ends, with all it started, with the block it is made in."""

    def __init__(self, folder: pathlib.Path, is_secure: bool, names: str = "localhost,127.0.0.1"):
        self.folder = folder
        self.is_secure = is_secure
        self.names = names
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> "Fleet":
        self.folder.mkdir(parents=True)
        how = ["--host", self.names] if self.is_secure else ["--plain"]
        self._fleet("server", "init", *how, "--data", str(self.folder / "server"),
                    "--operator", str(self.folder / "operator"), with_server=False)
        log = self.folder / "aggregator.log"
        self.stack.enter_context(Running(
            [str(PROGRAMS / "phi-aggregator"), "--data", str(self.folder / "server"), "--open-metrics",
             "--listen", "127.0.0.1:0"], log))
        wait_for(20, "the aggregator", lambda: "listening on " in log.read_text())
        found = re.search(r"listening on (\S+)", log.read_text())
        assert found is not None
        self.url = found[1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.token = self.folder / "token"
        self.token.write_text(self._fleet("enroll", "token", "--uses", "99", "--auto-accept"))
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    @property
    def authority(self) -> pathlib.Path:
        return self.folder / "operator" / "ca.crt"

    def agent(self, program: pathlib.Path, name: str, *options: str, prefix: tuple[str, ...] = ()) -> Running:
        """An agent with state and run folders of that name below the fleet's folder."""
        trust = ["--ca-file", str(self.authority)] if self.is_secure else []
        return Running(
            [*prefix, str(program), "run", "--server", self.url, *trust, "--token-file", str(self.token),
             "--state-dir", str(self.folder / name / "state"), "--run-dir", str(self.folder / name / "run"),
             *options], self.folder / f"{name}.log")

    def accepted(self) -> int:
        """Reports that were stored so far."""
        page = self._page("/metrics")
        found = re.search(r'^phi_reports_total\{result="accepted"\} (\d+)', page, re.MULTILINE)
        return int(found[1]) if found else 0

    def _page(self, path: str) -> str:
        context = ssl.create_default_context(cafile=str(self.authority)) if self.is_secure else None
        with urllib.request.urlopen(self.url + path, context=context, timeout=10) as reply:
            return reply.read().decode()

    def devices(self) -> list[dict[str, object]]:
        return json.loads(self._fleet("devices", "list", "-o", "json"))

    def _fleet(self, *arguments: str, with_server: bool = True) -> str:
        where = ["--home", str(self.folder / "operator"), "--server", self.url] if with_server else []
        done = subprocess.run([str(PROGRAMS / "fleet"), *arguments, *where], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"fleet {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
