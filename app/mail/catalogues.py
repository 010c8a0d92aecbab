"""Languages of mails (MAI-2): gettext catalogues, compiled when they are first needed."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from app.models.person import Language

DOMAIN: Final = "mail"
Words = Callable[..., str]
LOCALES: Final = Path(__file__).parent / "locales"
_IDENTIFIERS: Final = {Language.PT_BR: "pt_BR", Language.ZH_CN: "zh_CN"}


def identifier(language: Language) -> str:
    """The language as gettext and CLDR write it: `de`, `pt_BR`."""
    return _IDENTIFIERS.get(language, language.value.lower())


@cache
def locale_of(language: Language) -> Locale:
    """How the language writes dates and numbers."""
    return Locale.parse(identifier(language))


def catalogue_file(language: Language) -> Path:
    """The translations of a language, as translators edit them. English is in the templates."""
    return LOCALES / identifier(language) / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def translations(language: Language) -> NullTranslations:
    """The catalogue of a language. Whatever it lacks stays English.

    Compiled in memory, so that no build step can be forgotten or be out of date.
    """
    path = catalogue_file(language)
    if language is Language.EN or not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=identifier(language), domain=DOMAIN))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


def words_of(language: Language, form: type[str]) -> tuple[Words, Words]:
    """`gettext` and `ngettext` for templates, as `form` (Markup escapes what is put into the words).

    Not jinja2's own: those look each word up at each use, through three calls.
    """
    found = translations(language)

    @cache
    def one(text: str) -> str:
        return form(found.gettext(text))

    @cache
    def plain(text: str) -> str:
        return one(text) % {}

    def gettext(text: str, /, **values: object) -> str:
        return one(text) % values if values else plain(text)

    def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
        return form(found.ngettext(singular, plural, number)) % values

    return gettext, ngettext
