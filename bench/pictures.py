"""Pictures of what `bench/growth.py` measured. Needs matplotlib, and nothing of Lychgate."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def main(found: Path) -> None:
    """Pictures beside the figures."""
    figures: dict[str, Any] = json.loads(found.read_text())
    _reads(figures["reads"], found.with_name("growth-reads.png"))
    _fan_out(figures["fan_out"], found.with_name("growth-fan-out.png"))
    _together(figures["together"], found.with_name("growth-together.png"))


def _reads(rows: list[dict[str, Any]], into: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5))
    computers = [row["computers"] for row in rows]
    for name in ("W1", "W2", "W3", "W4"):
        [line] = axes.loglog(computers, [row[name]["portal"] for row in rows], "o-", label=f"{name} portal")
        axes.loglog(
            computers,
            [row[name]["floor"] for row in rows],
            "x:",
            color=line.get_color(),
            label=f"{name} floor",
        )
    axes.set(xlabel="computers (1,000 an account)", ylabel="ms of CPU a request, PostgreSQL's included")
    _finish(figure, axes, into)


def _fan_out(rows: list[dict[str, Any]], into: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5))
    sockets = [row["sockets"] for row in rows]
    for name, mark in (("portal", "o-"), ("bare", "x:")):
        axes.loglog(sockets, [row["spread"][name] for row in rows], mark, label=name)
    axes.set(xlabel="websockets that follow one account", ylabel="ms from the first that heard to the last")
    _finish(figure, axes, into)


def _together(rows: list[dict[str, Any]], into: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5))
    each = [row["sockets"] / row["accounts"] for row in rows]
    for name, mark in (("portal", "o-"), ("bare", "x:")):
        cpu = [row["cpu"][name] * 1_000 / row["sockets"] for row in rows]
        axes.loglog(each, cpu, mark, label=name)
    axes.set(xlabel="of 1,000 websockets follow the same account", ylabel="µs of the server's CPU a delivery")
    _finish(figure, axes, into)


def _finish(figure: Any, axes: Any, into: Path) -> None:
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(into, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
