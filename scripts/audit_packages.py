"""`python -m scripts.audit_packages [--strict]`: known faults of the packages in requirements.lock.

PyPI is asked for each locked version. A fault that nobody has argued in pyproject.toml
(`[tool.audit-packages.ignore]`, ID = "why it doesn't concern us") fails. Where no index answers there
is nothing to say about faults: that is told, and fails only with --strict.
"""

import argparse
import asyncio
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

ROOT: Final = Path(__file__).parents[1]
INDEX: Final = "https://pypi.org"
_PINNED: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_ANSWER_SECONDS: Final = 3.0
_ALL_SECONDS: Final = 60.0
_AT_ONCE: Final = 8


class Fault(BaseModel):
    """One advisory, as PyPI tells it."""

    id: str
    aliases: list[str] = []
    fixed_in: list[str] = []
    summary: str | None = None
    withdrawn: str | None = None


class _Release(BaseModel):
    vulnerabilities: list[Fault]


@dataclass
class Findings:
    """What was found; `unasked` are packages about which the index says nothing."""

    faults: list[str]
    argued: list[str]
    unasked: list[str]


def pinned(lock: str) -> dict[str, str]:
    """Names and versions of a lock file."""
    return dict(_PINNED.findall(lock))


def argued(project: str) -> dict[str, str]:
    """Faults that don't concern us, each with its reason. Raises SystemExit for one without."""
    found = tomllib.loads(project).get("tool", {}).get("audit-packages", {}).get("ignore", {})
    for fault, reason in found.items():
        if not isinstance(reason, str) or not reason.strip():
            msg = f"pyproject.toml ignores {fault} without a reason"
            raise SystemExit(msg)
    return dict(found)


async def audit(index: str, packages: Mapping[str, str], ignored: Mapping[str, str]) -> Findings:
    """Ask for all of them; after the first one only if it was answered: without a network that is soon known."""
    findings = Findings([], [], [])
    async with httpx.AsyncClient(base_url=index, timeout=_ANSWER_SECONDS, follow_redirects=True) as http:
        first, *others = packages.items()
        answered = await _ask(http, *first, ignored, findings)
        if not answered:
            findings.unasked += [name for name, _ in others]
            return findings
        turn = asyncio.Semaphore(_AT_ONCE)

        async def ask(name: str, version: str) -> None:
            async with turn:
                await _ask(http, name, version, ignored, findings)

        await asyncio.gather(*(ask(*each) for each in others))
    return findings


async def _ask(
    http: httpx.AsyncClient, name: str, version: str, ignored: Mapping[str, str], findings: Findings
) -> bool:
    try:
        answer = await http.get(f"/pypi/{name}/{version}/json")
        known = _Release.model_validate_json(answer.raise_for_status().content).vulnerabilities
    except (httpx.HTTPError, ValidationError):
        findings.unasked.append(name)
        return False
    for fault in known:
        if fault.withdrawn is None:
            line = f"{name} {version}: {_told(fault)}"
            names = {fault.id, *fault.aliases}
            (findings.argued if names & ignored.keys() else findings.faults).append(line)
    return True


def _told(fault: Fault) -> str:
    mended = f"mended in {', '.join(fault.fixed_in)}" if fault.fixed_in else "not mended yet"
    return " ".join(f"{fault.id} ({mended}) {fault.summary or ''}".split())


def report(findings: Findings, *, strict: bool) -> int:
    """Tell it; the exit code."""
    for line in findings.faults:
        print(line)
    for line in findings.argued:
        print(f"ignored: {line}")
    if findings.unasked:
        few = ", ".join(sorted(findings.unasked)[:3])
        print(f"no index tells of known faults in {len(findings.unasked)} packages ({few}, …): not checked")
    if findings.faults:
        print(
            "Renew them (make lock UPGRADE='-P NAME'), or argue in pyproject.toml why it doesn't concern us."
        )
    return 1 if findings.faults or (strict and findings.unasked) else 0


def main() -> int:
    """Read the command line, ask, tell."""
    parser = argparse.ArgumentParser(description="Known faults of the packages in requirements.lock")
    parser.add_argument("--index", default=INDEX, help="an index with PyPI's JSON API")
    parser.add_argument("--strict", action="store_true", help="fail where the index doesn't answer")
    asked = parser.parse_args()
    packages = pinned((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    ignored = argued((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    async def run() -> Findings:
        async with asyncio.timeout(_ALL_SECONDS):
            return await audit(asked.index, packages, ignored)

    try:
        findings = asyncio.run(run())
    except TimeoutError:
        findings = Findings([], [], list(packages))
    return report(findings, strict=asked.strict)


if __name__ == "__main__":
    sys.exit(main())
