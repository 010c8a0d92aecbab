"""The HTML layout with its styles written into each element, since many clients read no style sheets.

That is done to the templates when they are loaded, once: none of the words that fill them changes a style.
"""

import re
from collections.abc import Callable
from typing import Final

import css_inline
from jinja2 import Environment, FileSystemLoader

SHEET: Final = "layout.css"
LAYOUT: Final = "layout.html.j2"
PARTS: Final = "parts.html.j2"
_INCLUDED: Final = '{% include "layout.css" %}'
_MACRO: Final = re.compile(r"({% macro [^%]* %}\n)(.*?)({% endmacro %})", re.DOTALL)
# What can't be written into an element stays in the sheet: a rule for dark screens.
_AT_RULES: Final = re.compile(r"^@media.*?^}$", re.DOTALL | re.MULTILINE)
INLINER: Final = css_inline.CSSInliner(
    keep_style_tags=True, remove_inlined_selectors=True, keep_at_rules=True, load_remote_stylesheets=False
)


class StyledLoader(FileSystemLoader):
    """Templates out of files; the layout and its parts with their styles in place."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """A template's text, its file, and whether that is still so."""
        source, name, is_current = super().get_source(environment, template)
        if template == LAYOUT:
            source = self._layout(source, self._sheet(environment))
        elif template == PARTS:
            source = self._parts(source, self._sheet(environment))
        return source, name, is_current

    def _sheet(self, environment: Environment) -> str:
        return super().get_source(environment, SHEET)[0]

    def _layout(self, source: str, sheet: str) -> str:
        styled = INLINER.inline(source.replace(_INCLUDED, sheet))
        head, begin, rest = styled.partition("<style>")
        kept, end, body = rest.partition("</style>")
        return head + begin + "\n".join(_AT_RULES.findall(kept)) + end + body

    def _parts(self, source: str, sheet: str) -> str:
        def styled(found: re.Match[str]) -> str:
            return found[1] + INLINER.inline_fragment(found[2], sheet) + found[3]

        return _MACRO.sub(styled, source)
