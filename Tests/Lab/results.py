"""Figures: a table for people, one JSON object a line for programs.

A figure is a median of several runs with its spread (least to most), the goal it is held to, and the peer
that was measured beside it in the same run. One that couldn't be taken is there all the same, with why.
"""

import json
import pathlib
import statistics
from dataclasses import dataclass, field


@dataclass
class Figure:
    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    goal: float | None = None
    peer: str | None = None
    peer_values: list[float] = field(default_factory=list)
    # With a peer: the goal of value / peer's value.
    ratio_goal: float | None = None
    # More is better: the goals are the least that will do.
    is_floor: bool = False
    why: str | None = None

    @property
    def value(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def spread(self) -> list[float] | None:
        return [min(self.values), max(self.values)] if self.values else None

    @property
    def ratio(self) -> float | None:
        if not self.values or not self.peer_values:
            return None
        beside = statistics.median(self.peer_values)
        return statistics.median(self.values) / beside if beside else None

    @property
    def is_met(self) -> bool | None:
        found, goal = (self.ratio, self.ratio_goal) if self.ratio_goal is not None else (self.value, self.goal)
        if found is None or goal is None:
            return None
        return found >= goal if self.is_floor else found <= goal

    def record(self, bench: str, command: str) -> dict[str, object]:
        goal = self.goal if self.ratio_goal is None else {"ratio": self.ratio_goal}
        line: dict[str, object] = {
            "bench": bench, "figure": self.name, "value": self.value, "unit": self.unit,
            "spread": self.spread, "goal": goal, "met": self.is_met, "peer": self.peer,
            "peer_value": statistics.median(self.peer_values) if self.peer_values else None,
            "ratio": self.ratio, "runs": len(self.values), "command": command}
        if self.why is not None:
            line["why"] = self.why
        return line


class Results:
    def __init__(self, bench: str, command: str):
        self.bench = bench
        self.command = command
        self.figures: list[Figure] = []

    def add(self, name: str, unit: str, values: list[float], **rest: object) -> Figure:
        figure = Figure(name, unit, values, **rest)  # type: ignore[arg-type]
        self.figures.append(figure)
        return figure

    def write(self, path: pathlib.Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            for figure in self.figures:
                file.write(json.dumps(figure.record(self.bench, self.command)) + "\n")

    def table(self) -> str:
        rows = [("figure", "median", "least … most", "goal", "beside", "ratio", "")]
        for figure in self.figures:
            rows.append((
                figure.name,
                f"{number(figure.value)} {figure.unit}" if figure.value is not None else "–",
                " … ".join(number(bound) for bound in figure.spread or []),
                _goal(figure),
                f"{figure.peer} {number(statistics.median(figure.peer_values))}" if figure.peer_values else "",
                f"{figure.ratio:.2f}" if figure.ratio is not None else "",
                {True: "met", False: "MISSED", None: figure.why or ""}[figure.is_met]))
        widths = [max(len(row[i]) for row in rows) for i in range(6)]
        return "\n".join(
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[6]]).rstrip() for row in rows)


def number(value: float | None) -> str:
    """Three digits that count, and no more of a large number than its whole part."""
    if value is None:
        return "–"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _goal(figure: Figure) -> str:
    sign = "≥" if figure.is_floor else "≤"
    if figure.ratio_goal is not None:
        return f"{sign} {figure.ratio_goal:g} ×"
    return f"{sign} {number(figure.goal)}" if figure.goal is not None else ""
