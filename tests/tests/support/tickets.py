"""Tickets for tests: categories, files, members who were there before."""

import json
from typing import Any
from uuid import UUID

from app.core import ids
from app.core.ids import new_id
from tests.support import documents
from tests.support.members import join, partner
from tests.support.portal import Person, Portal

CATEGORIES = """query ($product: ProductCode!) { product(code: $product) { supportCategories {
    id name subcategories { id name popularTopics { id title excerpt url } } } } }"""
TICKETS = """query ($account: ID!, $filter: TicketFilter, $first: Int, $after: String) { account(id: $account) {
    ... on BusinessAccount { tickets(filter: $filter, first: $first, after: $after) {
        totalCount nodes { id number status updatedAt } pageInfo { hasNextPage endCursor } } } } }"""
UPDATES = """subscription ($account: ID, $ticket: ID, $after: Cursor) {
    ticketUpdates(accountId: $account, ticketId: $ticket, after: $after) {
        sequence cursor type status summary actor { kind name } ticket { id number status }
        message { body internal author { name staff } } } }"""
QUEUE = """query ($filter: TicketFilter) { staff { tickets(filter: $filter) {
    totalCount nodes { id number assignee { email } } } } }"""


async def sql(portal: Portal, statement: str, *values: Any) -> list[Any]:
    """A statement of the database's owner."""
    async with portal.server.app.read_all().connection() as connection:
        found: list[Any] = await connection.fetch(statement, *values)
        return found


async def category(portal: Portal, product: str = "DESKTOP", place: int = 0) -> str:
    """One of a product's categories."""
    found = await portal.query(CATEGORIES, product=product)
    id_: str = found["product"]["supportCategories"][place]["id"]
    return id_


async def ticket(portal: Portal, person: Person, /, **changes: Any) -> dict[str, Any]:
    """A ticket of the person's account."""
    form = {
        "accountId": person.account,
        "product": "DESKTOP",
        "categoryId": await category(portal),
        "subject": "No network",
        "description": "The machine has no network.",
    } | changes
    payload = await portal.done("createTicket", person.token, **form)
    found: dict[str, Any] = payload["ticket"]
    return found


async def member(
    portal: Portal, account: str | None, role: str = "ACCOUNT_ADMINISTRATOR", /, **changes: Any
) -> tuple[Person, str]:
    """Somebody who is a member of the account, and the membership's ID."""
    person = await portal.person(**changes)
    person.account = account
    membership = new_id()
    await sql(
        portal,
        "insert into membership (id, account_id, person_id, role, status, note, member_since)"
        " select $1, $2, id, $3, 'ACTIVE', '', now() from person where email = $4",
        membership,
        uuid(account),
        role,
        person.email,
    )
    return person, ids.encode("Membership", membership)


async def representative(portal: Portal, customer: Person) -> Person:
    """ACC-13: somebody of a partner who administers the customer's key."""
    there = await join(portal, await partner(portal))
    return await join(portal, customer, there, keys=(customer.key,), representingAccountId=there.account)


def uuid(global_id: str | None) -> UUID:
    """The UUID in an ID."""
    found = ids.split(global_id or "")
    assert found is not None, global_id
    return found[1]


async def upload(
    portal: Portal, name: str, token: str, files: list[tuple[str, bytes]], /, **input: Any
) -> dict[str, Any]:
    """The payload of a mutation with files (graphql-multipart-request-spec)."""
    answer = await portal.http.post(
        "/graphql",
        data={
            "operations": json.dumps(
                {
                    "query": documents.MUTATIONS[name],
                    "variables": {"input": {**input, "attachments": [None] * len(files)}},
                }
            ),
            "map": json.dumps({str(n): [f"variables.input.attachments.{n}"] for n in range(len(files))}),
        },
        files=[(str(n), (filename, content)) for n, (filename, content) in enumerate(files)],
        headers={"authorization": f"Bearer {token}", "GraphQL-Preflight": "1"},
    )
    found = answer.json()
    assert "errors" not in found, found
    payload: dict[str, Any] = found["data"][name]
    return payload
