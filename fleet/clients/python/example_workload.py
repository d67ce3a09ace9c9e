"""A small workload that heeds the agent: it averages a noisy signal and keeps what it needs for it.

    phi-agent run ... -- python3 example_workload.py          inside the governed group, or
    python3 example_workload.py --rounds 20                   beside an agent that runs already

What it does with the decision, round by round:

- `factor`: how much of the machine it uses; below 1 it rests for the rest of the round.
- `memoryCeilingBytes`: its window is a small share of it, and shrinks at once when the kernel says
  that memory is short.
- `bitDepth`: the width of the numbers in the window (81 and 16 stand for doubles and floats here, 8
  for bytes on the signal's own scale).

Without an agent it works with moderate settings and looks for one again each round.
"""

from __future__ import annotations

import argparse
import array
import math
import random
import time
from typing import Any, Dict, Optional

from phi_agent import Agent, MemoryPressure, Refused, Unreachable

#: Share of the memory ceiling that the window may take.
WINDOW_SHARE = 1 / 1024
#: Whatever the ceiling: least and most bytes of it.
WINDOW_BYTES_LEAST, WINDOW_BYTES_MOST = 1 << 10, 1 << 20
#: Where no agent answers.
CAREFUL: Dict[str, Any] = {"factor": 1.0, "bitDepth": 16, "memoryCeilingBytes": 64 << 20}
#: The signal's own scale: -SCALE ... SCALE.
SCALE = 4.0


class Window:
    """The last values, at a width and of a length that may change between rounds."""

    CODES = {81: "d", 16: "f", 8: "b"}

    def __init__(self) -> None:
        self.bits = 16
        self.held = array.array("f")

    def resize(self, bits: int, bytes_most: int) -> None:
        if bits != self.bits:
            numbers = self.numbers()
            self.bits = bits
            self.held = array.array(self.CODES[bits], [self._coded(number) for number in numbers])
        most = max(1, bytes_most // self.held.itemsize)
        del self.held[: max(0, len(self.held) - most)]

    def add(self, number: float) -> None:
        self.held.append(self._coded(number))

    def numbers(self) -> list[float]:
        return [number * SCALE / 127 if self.bits == 8 else float(number) for number in self.held]

    @property
    def size_bytes(self) -> int:
        return len(self.held) * self.held.itemsize

    def _coded(self, number: float) -> Any:
        return max(-127, min(127, round(number * 127 / SCALE))) if self.bits == 8 else number


def spread(window: Window) -> float:
    """How uncertain the input is, 0 to 1: the standard deviation against the scale."""
    numbers = window.numbers()
    if len(numbers) < 2:
        return 0.5
    mean = math.fsum(numbers) / len(numbers)
    deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))
    return min(1.0, deviation / SCALE)


def advice(agent: Agent, window: Window, worth: float) -> Optional[Dict[str, Any]]:
    """The agent's decision on this round, or None where there is no agent."""
    try:
        return agent.signal(entropy=spread(window), value=worth)
    except (Unreachable, Refused):
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="A workload that heeds phi-agent's decisions.")
    parser.add_argument("--rounds", type=int, default=0, help="stop after so many; 0: never")
    parser.add_argument("--round-s", type=float, default=1.0, help="length of a round, seconds")
    parser.add_argument("--batch", type=int, default=500, help="values a round at factor 1")
    options = parser.parse_args()

    source = random.Random(1)
    agent, pressure, window = Agent(), MemoryPressure(), Window()
    done = 0
    while options.rounds == 0 or done < options.rounds:
        start = time.monotonic()
        # A slow wave with noise; its crests are what matters here.
        level = math.sin(done / 7)
        worth = 0.9 if level > 0.8 else 0.3
        heard = advice(agent, window, worth)
        decision = heard or CAREFUL
        ceiling = int(decision["memoryCeilingBytes"]) or int(CAREFUL["memoryCeilingBytes"])
        room = min(WINDOW_BYTES_MOST, max(WINDOW_BYTES_LEAST, int(ceiling * WINDOW_SHARE)))
        if pressure.wait():
            room = WINDOW_BYTES_LEAST
        window.resize(int(decision["bitDepth"]), room)
        for _ in range(max(1, int(options.batch * min(1.0, float(decision["factor"]))))):
            window.add(level + source.gauss(0, 0.3))
        window.resize(window.bits, room)
        average = math.fsum(window.numbers()) / len(window.held)
        if heard is not None:
            try:
                agent.append("example.average", average, value=worth)
            except (Unreachable, Refused) as error:
                print("not stored: {}".format(error), flush=True)
        print(
            "round {}: {} values at {} bits, {} bytes, average {:.3f}, {}".format(
                done, len(window.held), window.bits, window.size_bytes, average,
                "factor {:.3f}".format(decision["factor"]) if heard else "no agent"),
            flush=True)
        done += 1
        time.sleep(max(0.0, options.round_s - (time.monotonic() - start)))


if __name__ == "__main__":
    main()
