"""docs/mails.md: a picture of every kind of mail in two languages, taken by a headless Chromium."""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from app.domain.mails.rules import TOPICS
from app.mail.render import Content, render_content
from app.models.mail import MailKind
from app.models.person import Language
from tests.support.letters import FACTS

ROOT: Final = Path(__file__).parent.parent
PICTURES: Final = ROOT / "docs" / "mails"
# By turns, so that all are seen; Japanese and Chinese need fonts that few servers have.
OTHERS: Final = (Language.DE, Language.FR, Language.ES, Language.IT, Language.PT_BR)
WIDTH, LEAST_HEIGHT = 1240, 590
# The subject, and what is round a frame.
_ABOVE: Final = 50
# How high the higher of the two mails is.
_MEASURE: Final = """<script>onload = () => {
  const heights = [...document.querySelectorAll("iframe")].map(each => each.contentDocument.body.scrollHeight);
  document.body.dataset.height = Math.max(...heights);
}</script>"""
_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
_WAY_OUT: Final = "https://portal.example.com/unsubscribe?token=…"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Take the pictures and write the page; the exit code."""
    browser = os.environ.get("BROWSER_BIN") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        print("no Chromium is found: install one or set BROWSER_BIN", file=sys.stderr)
        return 2
    PICTURES.mkdir(parents=True, exist_ok=True)
    parts = [_HEAD]
    with tempfile.TemporaryDirectory() as scratch:
        for number, kind in enumerate(MailKind):
            other = OTHERS[number % len(OTHERS)]
            take(browser, Path(scratch), kind, other)
            title = kind.value.replace("_", " ").capitalize()
            picture = f"mails/{kind.value.lower()}.png"
            parts.append(f"## {title}\n\n![{title}, in English and in {other.value}]({picture})\n")
    (ROOT / "docs" / "mails.md").write_text("\n".join(parts), encoding="utf-8")
    return 0


def take(browser: str, scratch: Path, kind: MailKind, other: Language) -> None:
    """One picture: the mail in English and in another language, side by side."""
    page = scratch / f"{kind.value}.html"
    page.write_text(_page(kind, other, LEAST_HEIGHT), encoding="utf-8")
    target = PICTURES / f"{kind.value.lower()}.png"
    run = [browser, *_OPTIONS, f"--user-data-dir={scratch / 'profile'}"]
    measured = _run([*run, "--virtual-time-budget=1000", "--dump-dom", page.as_uri()])
    found = re.search(rb'data-height="([0-9]+)"', measured)
    height = int(found[1]) if found else LEAST_HEIGHT
    page.write_text(_page(kind, other, height), encoding="utf-8")
    size = f"--window-size={WIDTH},{height + _ABOVE}"
    _run([*run, size, f"--screenshot={target}", page.as_uri()])


def _run(command: list[str]) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout


def _page(kind: MailKind, other: Language, height: int) -> str:
    columns = "".join(_column(content_of(kind, language)) for language in (Language.EN, other))
    style = "body{margin:0;display:flex;font:14px sans-serif}div{flex:1;margin:8px}"
    style += f"iframe{{width:100%;height:{height}px;border:0}}"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{_MEASURE}{columns}"


def content_of(kind: MailKind, language: Language) -> Content:
    """The mail as it is sent, with a way out where its kind has one."""
    return render_content(kind, language, FACTS[kind], way_out=_WAY_OUT if kind in TOPICS else None)


def _column(content: Content) -> str:
    shown = html.escape(content.html, quote=True)
    return f'<div><b>{html.escape(content.subject)}</b><iframe srcdoc="{shown}"></iframe></div>'


_HEAD: Final = """# Mails

Every kind of mail (MAI-3), in English and in one of five others. `make mails` takes the pictures
again; it needs a Chromium. The sources are `app/mail/templates` and the catalogues in `app/mail/locales`.
"""

if __name__ == "__main__":
    sys.exit(main())
