"""Webhooks of an account, and what was delivered to them."""

from typing import Any

from tests.support.portal import Person, Portal

WEBHOOKS = """query ($account: ID!, $first: Int, $after: String) { account(id: $account) { ... on BusinessAccount {
    webhooks { id url types enabled disabledReason publicKey deliveries(first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes {
            id attempts status responseStatus nextAttemptAt event { id sequence type summary } } } } } } }"""


async def webhook(portal: Portal, person: Person, url: str, **more: Any) -> dict[str, Any]:
    """A new endpoint of one's account, with its secret."""
    payload = await portal.done("createWebhook", person.token, accountId=person.account, url=url, **more)
    made: dict[str, Any] = payload["webhook"] | {"secret": payload["secret"]}
    return made


async def webhooks_of(portal: Portal, person: Person, token: str | None = None, **page: Any) -> Any:
    """The endpoints of one's account with their deliveries, as somebody sees them."""
    data = await portal.query(WEBHOOKS, token or person.token, account=person.account, **page)
    return data["account"]["webhooks"]


async def deliveries_of(portal: Portal, person: Person, **page: Any) -> list[dict[str, Any]]:
    """The deliveries of one's only endpoint, the newest first."""
    (endpoint,) = await webhooks_of(portal, person, **page)
    found: list[dict[str, Any]] = endpoint["deliveries"]["nodes"]
    return found


async def rename(portal: Portal, person: Person, name: str) -> None:
    """Something that happens."""
    await portal.done("renameSubscription", person.token, subscriptionId=person.subscription, name=name)
