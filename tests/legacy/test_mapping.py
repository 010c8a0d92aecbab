"""MIG-2, MIG-6: what each line of an export becomes. Pure functions."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import add_months
from app.domain.errors import Invalid
from app.domain.transfers import rules
from app.domain.transfers.lines import content_hash
from app.domain.transfers.records import BoughtBefore, Refused
from app.legacy import access, secure_workspace
from app.models.subscription import SubscriptionKind
from tests.support.transfers import Line, licence, organisation, subscription, user

MOVED_ON = date(2026, 11, 22)
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


def bought(line: Line) -> BoughtBefore:
    return BoughtBefore.of_facts(secure_workspace.translate(json.dumps(line).encode()).facts)


def term(start: str, end: str) -> dict[str, str]:
    return {"startsOn": start, "endsOn": end}


def lasting(line: Line) -> rules.Lasting:
    found = bought(line)
    return rules.lasting(found.kind, found.issued_on, found.ends_on, MOVED_ON)


@pytest.mark.rule("MIG-2")
@pytest.mark.parametrize(
    ("changes", "kind", "expires", "maintenance"),
    [
        ({"kind": "trial"}, "TRIAL", "2030-05-01", None),
        ({"kind": "subscription"}, "SUBSCRIPTION", "2030-05-01", "2030-05-01"),
        ({"kind": "subscription", "nfr": True}, "SUBSCRIPTION", "2030-05-01", "2030-05-01"),
        ({"kind": "payPerUse"}, "SPLA", "2030-05-01", None),
        ({"kind": "perpetual", "terms": []}, "PERPETUAL", None, "2027-11-22"),
        ({"kind": "perpetual", "terms": [], "issuedOn": None}, "PERPETUAL", None, "2027-11-22"),
        ({"kind": "perpetual", "terms": [], "issuedOn": "2027-02-03"}, "PERPETUAL", None, "2028-02-03"),
        ({"kind": "perpetual", "terms": [term("2020-01-01", "2021-01-01")]}, "PERPETUAL", None, "2027-11-22"),
        ({"kind": "perpetual"}, "PERPETUAL", None, "2030-05-01"),
    ],
)
def test_each_kind_of_licence(changes: Line, kind: str, expires: str | None, maintenance: str | None) -> None:
    line = licence(**changes)
    found, days = bought(line), lasting(line)
    assert (found.kind, found.not_for_resale, found.licenses) == (kind, line["nfr"], 25)
    assert (days.expires_on and days.expires_on.isoformat()) == expires
    assert (days.maintenance_expires_on and days.maintenance_expires_on.isoformat()) == maintenance
    assert found.flags == {"beta": True}


@pytest.mark.rule("MIG-2")
def test_several_terms_end_with_the_latest() -> None:
    terms = [
        term("2023-01-01", "2029-12-31"),  # the longest one comes first, and covers the next
        term("2024-01-01", "2025-01-01"),
        term("2026-06-01", "2027-06-01"),
    ]
    assert lasting(licence(terms=terms)).expires_on == date(2029, 12, 31)
    assert lasting(licence(terms=terms[1:])).expires_on == date(2027, 6, 1)
    assert bought(licence(terms=terms, issuedOn=None)).issued_on == date(2023, 1, 1)


@pytest.mark.rule("MIG-2")
@given(issued=st.none() | DAYS, ends=st.none() | DAYS, moved=DAYS)
def test_a_perpetual_licence_has_a_year_of_maintenance_at_least(
    issued: date | None, ends: date | None, moved: date
) -> None:
    days = rules.lasting(SubscriptionKind.PERPETUAL, issued, ends, moved)
    assert days.expires_on is None
    assert days.maintenance_expires_on is not None
    assert days.maintenance_expires_on >= add_months(max(issued or moved, moved), 12)
    assert ends is None or days.maintenance_expires_on >= ends


def test_what_has_no_end_and_must_have_one_is_refused() -> None:
    with pytest.raises(Invalid):
        rules.lasting(SubscriptionKind.TRIAL, None, None, MOVED_ON)


@pytest.mark.rule("MIG-6")
@pytest.mark.parametrize(
    ("computers", "packs"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3), (1_000_000, 200_000)]
)
def test_computers_are_rounded_up_to_packs(computers: int, packs: int) -> None:
    assert rules.packs_for(computers, 5) == packs


WRONG: list[tuple[Any, str]] = [
    (b"{", "not JSON"),
    (b"\xff{}", "not JSON"),
    (b"[]", "not a JSON object"),
    (b'{"id": "x"}', "discriminator"),
    (organisation(name="  "), "name: This can't be empty."),
    (organisation(zip=None), "zip"),
    (organisation(phone=32), "phone"),
    (organisation(country="B\u0000E"), "NUL"),
    (organisation(id=7), "id"),
    (user(email="wim"), "email"),
    (user(email="wim@oudemarkt.example\r\nBcc: x@example.com"), "email"),
    (user(organisationId=None), "organisationId"),
    (licence(users=0), "users"),
    (licence(users="25"), "users"),
    (licence(users=10**30), "users"),
    (licence(kind="lease"), "kind"),
    (licence(code=" - "), "neither letters nor digits"),
    (licence(terms=[]), "no term"),
    (licence(terms=[term("2025-05-01", "2024-05-01")]), "terms.0: It ends before it starts."),
    (licence(terms=[term("2025-02-30", "2026-05-01")]), "terms.0.startsOn"),
    (licence(terms=[term("2025-02-01", "9999-12-31")]), "terms.0.endsOn: This is after 2999-12-31."),
    (licence(issuedOn=20250501), "issuedOn"),
    (licence(nfr="no"), "nfr"),
    (licence(flags=["beta"]), "flags"),
    (licence(flags={"deep": ["\u0000"]}), "NUL"),
    (subscription(), "type"),
]


@pytest.mark.rule("MIG-1")
@pytest.mark.parametrize(("line", "why"), WRONG)
def test_what_cannot_be_read_says_why(line: Any, why: str) -> None:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    with pytest.raises(Refused) as refused:
        secure_workspace.translate(raw)
    assert why in refused.value.why
    assert "\n" not in refused.value.why


@pytest.mark.rule("MIG-6")
def test_access_has_its_own_lines() -> None:
    found = access.translate(json.dumps(subscription()).encode())
    assert (found.kind, found.organisation, found.facts["licenses"]) == ("subscription", "o1", 12)
    with pytest.raises(Refused, match="type"):
        access.translate(json.dumps(licence()).encode())


@given(st.text(max_size=50))
def test_codes_are_found_however_they_are_typed(text: str) -> None:
    key = rules.code_key(text)
    assert rules.code_key(f" {text}- ") == key == rules.code_key(key)


def test_the_order_of_fields_is_no_content() -> None:
    assert content_hash(b'{"a":1,"b":2}') == content_hash(b'{ "b": 2, "a": 1 }') != content_hash(b'{"a":1}')
