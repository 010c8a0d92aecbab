"""The catalogue is data: what the rules say of each product stands in its row, and nowhere else."""

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.support.portal import Portal

RULES = Path(__file__).parents[2] / "docs" / "rules.md"
PRODUCTS = """{ products { id code name unit installationKind allocations licensesPerPack movesPerKey
    expiryGraceDays overuseGraceDays } }"""
PRODUCT = "query ($code: ProductCode!, $id: ID!) { product(code: $code) { name } node(id: $id) { id } }"


def stated() -> dict[str, list[str]]:
    """PRD-1's table: the cells behind each product's code."""
    lines = [line for line in RULES.read_text().splitlines() if re.match(r"\| `[A-Z_]+`", line)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {re.findall(r"`([A-Z_]+)`", cells[0])[0]: cells[1:] for cells in rows}


def as_stated(product: dict[str, Any], row: asyncpg.Record) -> list[Any]:
    """The same of a product as the API and its row have it."""
    days = {0: "none"}
    overuse = {
        "HARD_LIMIT": "none (hard limit)",
        "ALERT_ONLY": "never enforced, alerts only",
        "GRACE": f"{product['overuseGraceDays']} days",
    }[row["overuse_policy"]]
    return [
        product["installationKind"],
        ", ".join(product["allocations"]),
        "up to its quota" if row["installations_per_key"] is None else str(row["installations_per_key"]),
        "unlimited" if product["movesPerKey"] is None else str(product["movesPerKey"]),
        days.get(product["expiryGraceDays"], f"{product['expiryGraceDays']} days"),
        overuse,
        str(product["licensesPerPack"]),
        "when staff enabled it" if row["offline_possible"] else "no",
    ]


@pytest.mark.rule("PRD-1", "PRD-3")
async def test_every_product_is_as_the_rules_say(portal: Portal, database_url: str) -> None:
    products = (await portal.query(PRODUCTS))["products"]
    database = await asyncpg.connect(database_url)
    try:
        rows = {row["code"]: row for row in await database.fetch("select * from product")}
        wanted = stated()
        assert len(wanted) == 6
        assert [product["code"] for product in products] == list(wanted)
        for product in products:
            # The unit is what one licence is: the singular of what is licensed.
            units, *cells = wanted[product["code"]]
            assert units == product["unit"] + "s"
            assert as_stated(product, rows[product["code"]]) == cells
        numbers = {
            kind: {
                (row["check_in_days"], row["report_days"], row["refresh_hours"], row["validation_minutes"])
                for row in rows.values()
                if row["installation_kind"] == kind
            }
            for kind in ("COMPUTER", "FARM", "PROXY_SERVER")
        }
        assert {next(iter(found))[0] for kind, found in numbers.items() if kind == "COMPUTER"} == {7}
        assert {(report, hours) for _, report, hours, _ in numbers["PROXY_SERVER"]} == {(7, 24)}
        assert {minutes for _, _, _, minutes in numbers["FARM"]} == {20}

        # Another number in the row is another policy.
        await database.execute(
            "update product set licenses_per_pack = 3, check_in_days = 2 where code = 'DESKTOP'"
        )
    finally:
        await database.close()
    ada = await portal.administrator(quantity=2)
    found = await portal.query(
        "query ($id: ID!) { node(id: $id) { ... on LicenseSubscription { quantity } } }",
        ada.token,
        id=ada.subscription,
    )
    assert found["node"]["quantity"] == 6
    activated = await portal.activate(ada.code)
    told = await portal.done("checkIn", installationToken=activated["installationToken"])
    assert told["validUntil"][:10] == told["nextCheckInBy"][:10] == (await portal.advance("P2D"))[:10]


@pytest.mark.rule("PRD-1")
async def test_a_product_by_its_code_and_id_needs_no_sign_in_for_the_catalogue(portal: Portal) -> None:
    ada = await portal.person()
    found = await portal.query(PRODUCT, ada.token, code="RAS", id="Product_RAS")
    assert found["node"] == {"id": "Product_RAS"}
    assert (await portal.query(PRODUCT, ada.token, code="RAS", id="Product_NONE"))["node"] is None
    assert (await portal.query("{ product(code: RAS) { name } }"))["product"] == found["product"]
