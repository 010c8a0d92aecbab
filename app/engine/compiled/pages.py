"""The pages of a plan's rows: what is asked of them, as texts where that can be, and ahead where that helps."""

from collections.abc import Sequence
from typing import Any

from app.core.failures import Failure
from app.core.listings import Listing
from app.core.paging import PageRequest, lookup_of
from app.engine.compiled.asking import Asking
from app.engine.compiled.leaf_lists import Items, TextPages, is_writable, text_pages
from app.engine.compiled.leaves import Unusual
from app.engine.compiled.planner import Branch
from app.engine.connection import Paged


def wanted(asking: Asking, paged: Paged, rows: Sequence[Any]) -> dict[Listing, list[int]]:
    """The listings that are asked for, and the places of the rows that they are below."""
    found: dict[Listing, list[int]] = {}
    for place, row in enumerate(rows):
        if paged.shown is None or paged.shown(row, asking.context):
            found.setdefault(paged.chosen(row), []).append(place)
    return found


def as_text(asking: Asking, page: PageRequest, items: Items | None) -> TextPages | None:
    """The batch query of such pages as texts, if they can be such, with all the pages within them."""
    if items is None or not is_writable(page.listing, items):
        return None
    try:
        inner = tuple(asking.request(each.branch, listing) for each, listing in items.inner)
    except Failure:
        # Whether it matters is known when there is a row to ask it of.
        return None
    return None if any(map(lookup_of, inner)) else text_pages(page, items, inner)


def ahead(asking: Asking, branch: Branch) -> list[TextPages]:
    """The texts that will be asked of a branch's rows, whatever their type."""
    found: dict[TextPages, None] = {}
    try:
        for part in asking.plan.kinds(branch):
            for below in part.branches:
                text = _ahead(asking, below)
                if text is not None:
                    found[text] = None
    except (Unusual, Failure):
        return []
    return list(found)


def _ahead(asking: Asking, below: Branch) -> TextPages | None:
    paged = below.declared
    if not isinstance(paged, Paged) or not paged.is_everywhere or not isinstance(paged.listing, Listing):
        return None
    return as_text(asking, asking.request(below, paged.listing), asking.plan.items(below))
