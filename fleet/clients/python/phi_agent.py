"""A client of phi-agent's local API, for workloads in Python 3.8 or later.

One file, standard library only: copy it beside your program.

    from phi_agent import Agent

    with Agent() as agent:
        decision = agent.signal(entropy=0.4, value=0.9)
        print(decision["factor"], decision["bitDepth"], decision["memoryCeilingBytes"])
        agent.append("queue.length", 12, 14, value=0.7)
        for sample in agent.read("queue.length", limit=10):
            print(sample.time_ms, sample.value, sample.error_bound)

The socket is that of PHI_AGENT_SOCKET, which `phi-agent run -- COMMAND` sets for its workload, else
/run/phi-agent/agent.sock. A program that must also run where there is no agent catches `Unreachable`
(an `OSError`) and goes on without: the agent advises, it is no condition.

Every call waits for its answer, at most `timeout` seconds. An `Agent` belongs to one thread.
"""

from __future__ import annotations

import base64
import json
import os
import select
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Dict, Iterator, List, Optional, Type

__all__ = ["Agent", "AgentError", "MemoryPressure", "Refused", "Sample", "Unreachable"]

DEFAULT_SOCKET = "/run/phi-agent/agent.sock"

#: Values that one line of the local API takes; longer appends become several lines.
VALUES_A_LINE = 128

#: Longest answer that is taken, bytes: the agent's own are a tenth of it.
ANSWER_BYTES_MAX = 1 << 20


class AgentError(Exception):
    """Whatever can go wrong between a workload and the agent."""


class Unreachable(AgentError, OSError):
    """No agent answers at the socket, or it went away."""


class Refused(AgentError):
    """The agent understood, and didn't do it.

    `code` is for programs ("full", "unknown-series", ...), `hint` says what to do about it, `answer`
    is all that the agent said: after "full", its "appended" tells how many values were taken.
    """

    def __init__(self, answer: Dict[str, Any]) -> None:
        self.answer = answer
        self.code = str(answer.get("code", ""))
        self.hint = str(answer.get("hint", ""))
        super().__init__("{} ({})".format(answer.get("error", ""), self.hint))


@dataclass(frozen=True)
class Sample:
    """One value of a series, as the agent holds it now."""

    #: Position in the series; values that have left the agent's memory leave a gap.
    index: int
    #: Milliseconds since 1970.
    time_ms: int
    value: float
    #: |value - the value appended| is at most this; 0 is exact.
    error_bound: float
    #: Bits that it is held at: 81, 16 or 8.
    tier: int


class Agent:
    """A connection to the agent on this machine. It connects when first used, and again after a loss."""

    def __init__(self, path: Optional[str] = None, timeout: float = 5.0) -> None:
        self.path = path or os.environ.get("PHI_AGENT_SOCKET") or DEFAULT_SOCKET
        self.timeout = timeout
        self._socket: Optional[socket.socket] = None
        self._received = b""

    def __enter__(self) -> "Agent":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; the next call makes another one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._received = b""

    # What may be asked.

    def signal(
        self, entropy: Optional[float] = None, value: Optional[float] = None
    ) -> Dict[str, Any]:
        """Says how uncertain the present input is, and how much the present period is worth (0 to 1).

        What is left out stays as it was; what was said counts for three of the agent's intervals.
        Returns the decision in force.
        """
        words = ["signal"]
        if entropy is not None:
            words.append("entropy={!r}".format(float(entropy)))
        if value is not None:
            words.append("value={!r}".format(float(value)))
        return self.ask(" ".join(words))

    def decision(self) -> Dict[str, Any]:
        """The decision in force: "factor", "bitDepth", "memoryCeilingBytes" and what explains them."""
        return self.ask("decision")

    def status(self) -> Dict[str, Any]:
        """The agent's own account of itself."""
        return self.ask("status")

    def append(
        self,
        name: str,
        *values: float,
        value: Optional[float] = None,
        time_ms: Optional[int] = None,
        step_ms: int = 0,
        kind: Optional[str] = None,
        full_scale: Optional[tuple[float, float]] = None,
    ) -> Dict[str, Any]:
        """Puts numbers into a series of the agent's store, which delivers them to the fleet.

        `value` is what they are worth (0 to 1, else that of the present period): from 1/phi = 0.618 on
        they are kept exactly. `time_ms` is the first one's time, `step_ms` the way to the next.
        `kind` ("signal", "history", "scratch") and `full_scale` (least, most) shape a new series.
        Returns the last line's answer. Raises `Refused` with the code "full" when there is no room.
        """
        options = []
        if value is not None:
            options.append("value={!r}".format(float(value)))
        if kind is not None:
            options.append("class={}".format(kind))
        if full_scale is not None:
            options.append("min={!r} max={!r}".format(*(float(end) for end in full_scale)))
        answer: Dict[str, Any] = {}
        for start in range(0, max(1, len(values)), VALUES_A_LINE):
            words = ["append", name]
            words += [repr(float(number)) for number in values[start : start + VALUES_A_LINE]]
            words += options
            if time_ms is not None:
                words.append("time={:d}".format(time_ms + start * step_ms))
            if step_ms:
                words.append("step={:d}".format(step_ms))
            answer = self.ask(" ".join(words))
        return answer

    def read(
        self,
        name: str,
        limit: int = 100,
        from_ms: Optional[int] = None,
        to_ms: Optional[int] = None,
    ) -> List[Sample]:
        """The newest `limit` values between two times, oldest first.

        The agent's own readings are series too: "agent.temperature", "agent.load" and others.
        """
        samples: List[Sample] = []
        before: Optional[int] = None
        while len(samples) < limit:
            words = ["read", name, "limit={:d}".format(min(limit - len(samples), 512))]
            if from_ms is not None:
                words.append("from={:d}".format(from_ms))
            if to_ms is not None:
                words.append("to={:d}".format(to_ms))
            if before is not None:
                words.append("before={:d}".format(before))
            answer = self.ask(" ".join(words))
            samples = list(_samples(answer)) + samples
            before = answer["before"]
            if before is None:
                break
        return samples

    def series(self) -> List[Dict[str, Any]]:
        """All series in the agent's store: "name", "class", "own", "oldest", "next"."""
        found: List[Dict[str, Any]] = self.ask("series")["series"]
        return found

    def decisions(self, timeout: Optional[float] = None) -> Iterator[Dict[str, Any]]:
        """Every decision from now on, the one in force first.

        Read them as they come: who falls behind by more than some twenty is cut off (`Unreachable`).
        The connection is spent on it: use another `Agent` for other questions. `timeout` is the
        longest wait for one decision, seconds; without it the wait has no end.
        """
        self._send("subscribe")
        try:
            while True:
                line = self._line(timeout)
                if line.get("code") != "no-decision":
                    yield line
        finally:
            self.close()

    # The language beneath.

    def ask(self, line: str) -> Dict[str, Any]:
        """One line of the local API, and the answer to it."""
        if self._socket is not None:
            try:
                return self._exchange(line)
            except Unreachable:
                # An agent that was restarted: what was sent last may not have arrived, so an append
                # isn't repeated, which could store it twice.
                self.close()
                if line.startswith("append"):
                    raise
        return self._exchange(line)

    def _exchange(self, line: str) -> Dict[str, Any]:
        self._send(line)
        answer = self._line(self.timeout)
        if "error" in answer:
            raise Refused(answer)
        return answer

    def _send(self, line: str) -> None:
        if "\n" in line:
            raise ValueError("a command is one line")
        try:
            if self._socket is None:
                self._received = b""
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._socket.settimeout(self.timeout)
                self._socket.connect(self.path)
            self._socket.settimeout(self.timeout)
            self._socket.sendall(line.encode() + b"\n")
        except OSError as error:
            self.close()
            raise Unreachable("{}: {}".format(self.path, error)) from error

    def _line(self, timeout: Optional[float]) -> Dict[str, Any]:
        assert self._socket is not None
        try:
            self._socket.settimeout(timeout)
            while b"\n" not in self._received:
                piece = self._socket.recv(65536)
                if not piece or len(self._received) > ANSWER_BYTES_MAX:
                    raise OSError("the agent ended the connection")
                self._received += piece
        except OSError as error:
            # An answer that comes late would be taken for the next question's.
            self.close()
            raise Unreachable("{}: {}".format(self.path, error)) from error
        line, self._received = self._received.split(b"\n", 1)
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise AgentError("not the local API of phi-agent: {!r}".format(line[:80]))
        return answer


def _samples(answer: Dict[str, Any]) -> Iterator[Sample]:
    """The values of an answer to `read`; each range says how some in a row are held."""
    values = iter(answer["values"])
    for held in answer["ranges"]:
        for offset in range(held["count"]):
            time_ms, number = next(values)
            yield Sample(held["index"] + offset, time_ms, number, held["errorBound"], held["tier"])


class MemoryPressure:
    """The kernel's own word that memory is short, where the service manager or the agent arranged it.

    They name a file to watch in MEMORY_PRESSURE_WATCH, and in MEMORY_PRESSURE_WRITE what to write into
    it first (https://systemd.io/MEMORY_PRESSURE). `is_watched` is False where nothing was arranged.
    """

    def __init__(self) -> None:
        self._descriptor: Optional[int] = None
        self._poll = select.poll()
        path = os.environ.get("MEMORY_PRESSURE_WATCH", "")
        if not path or path == "/dev/null":
            return
        try:
            mode = os.stat(path).st_mode
            is_fifo = (mode & 0o170000) == 0o010000
            flags = os.O_RDONLY if is_fifo else os.O_RDWR
            self._descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
            what = base64.b64decode(os.environ.get("MEMORY_PRESSURE_WRITE", ""))
            if what and not is_fifo:
                os.write(self._descriptor, what)
            self._is_fifo = is_fifo
            self._poll.register(self._descriptor, select.POLLIN if is_fifo else select.POLLPRI)
        except OSError:
            # A kernel without pressure information: nothing is watched, and the work goes on.
            self.close()

    @property
    def is_watched(self) -> bool:
        return self._descriptor is not None

    def wait(self, seconds: float = 0.0) -> bool:
        """Whether memory has become short meanwhile: then give back what can be made anew."""
        if self._descriptor is None:
            return False
        events = self._poll.poll(max(0, int(seconds * 1000)))
        if any(seen & (select.POLLERR | select.POLLHUP) for _, seen in events):
            self.close()
            return False
        if events and self._is_fifo:
            os.read(self._descriptor, 4096)
        return bool(events)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
