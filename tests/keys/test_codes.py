"""Codes: random, readable, and no typing error goes unnoticed."""

import itertools
from math import log2

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import ALPHABET, check_character, masked, new_key_code, normalise_key_code
from tests.support.portal import Portal

codes = st.builds(
    lambda body: "LYC" + body + check_character(body), st.text(ALPHABET, min_size=24, max_size=24)
)
LOOKALIKES = {"1": "1IiLl", "0": "0Oo"}
KEY = """query ($id: ID!) { node(id: $id) { ... on BusinessAccount { subscriptions {
    nodes { name primaryKey { code kind } } } } } }"""


@pytest.mark.rule("SUB-2")
@given(codes)
def test_every_single_wrong_symbol_is_found(code: str) -> None:
    assert normalise_key_code(code) is not None
    for place, symbol in itertools.product(range(3, len(code)), ALPHABET):
        wrong = code[:place] + symbol + code[place + 1 :]
        assert (normalise_key_code(wrong) is None) == (wrong != code)


@pytest.mark.rule("SUB-2")
@given(codes, st.data())
def test_lost_symbols_and_swapped_neighbours_are_found(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(3, len(code) - 2))
    assert normalise_key_code(code[:place] + code[place + 1 :]) is None
    assert normalise_key_code(code[:place] + "7" + code[place:]) is None
    one, two = code[place], code[place + 1]
    # Luhn can't tell the first and the last symbol of the alphabet apart when they are neighbours.
    if one != two and {one, two} != {"0", "Z"}:
        assert normalise_key_code(code[:place] + two + one + code[place + 2 :]) is None


@pytest.mark.rule("SUB-2")
@given(codes, st.data())
def test_however_it_is_written_it_is_the_same_code(code: str, data: st.DataObject) -> None:
    written = ""
    for symbol in code[3:]:
        written += data.draw(st.sampled_from(LOOKALIKES.get(symbol, symbol + symbol.lower())))
        written += data.draw(st.sampled_from(["", "", "-", " ", " - ", "\n", "\u2013"]))
    prefix = data.draw(st.sampled_from(["LYC-", "lyc", "1yc ", "IYC-"]))
    normal = normalise_key_code(prefix + written)
    assert normal is not None
    assert normal.replace("-", "") == code
    assert normalise_key_code(normal) == normal


@pytest.mark.rule("SUB-2")
@given(st.text())
def test_whatever_is_no_code_is_refused(text: str) -> None:
    normal = normalise_key_code(text)
    assert normal is None or len(normal) == len("LYC") + 5 * 6


@pytest.mark.rule("SUB-2")
def test_new_codes_are_random_enough() -> None:
    made = {new_key_code() for _ in range(500)}
    assert len(made) == 500
    assert all(normalise_key_code(code) == code for code in made)
    assert 24 * log2(len(ALPHABET)) >= 100
    # Every place takes every symbol sooner or later: none of the bits is fixed.
    for place in range(24):
        assert len({code.replace("-", "")[3 + place] for code in made}) > 24


@pytest.mark.rule("KEY-5", "SUB-2")
async def test_codes_are_shown_to_administrators_and_kept_sealed(portal: Portal, database_url: str) -> None:
    ada, staff = await portal.administrator(), await portal.staff()
    unregistered = await portal.issue()

    async def shown(token: str) -> str:
        found = await portal.query(KEY, token, id=ada.account)
        code: str = found["node"]["subscriptions"]["nodes"][0]["primaryKey"]["code"]
        return code

    assert ada.code is not None
    assert await shown(ada.token) == ada.code
    assert await shown(staff.token) == masked(ada.code[-5:]) == f"LYC-•••••-•••••-•••••-•••••-{ada.code[-5:]}"
    stored = await everything(database_url)
    for code in (ada.code, unregistered):
        # The last group alone may stand in the clear.
        for group in code.split("-")[1:5]:
            assert group not in stored
        assert code.replace("-", "").encode().hex() not in stored
        assert code.encode().hex() not in stored


async def everything(database_url: str) -> str:
    """All rows of all tables as text; byte strings in hexadecimal."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        rows = [
            row["text"]
            for (table,) in tables
            for row in await connection.fetch(f'select t::text as text from "{table}" t')
        ]
    finally:
        await connection.close()
    return "\n".join(rows)
