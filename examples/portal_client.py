"""A typed client: every answer is a model that is checked when it arrives, and known to type checkers.

The documentation by example of signing in, of refusals and of paging. It needs Python and the packages
`httpx` and `pydantic`, and nothing of Lychgate:

    python portal_client.py http://127.0.0.1:8000/graphql EMAIL ACCOUNT_ID < password.txt
"""

import sys
from collections.abc import Iterator
from datetime import date
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

SIGN_IN = """
mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { sessionToken errors { code path message } }
}
"""
SUBSCRIPTIONS = """
query Subscriptions($account: ID!, $after: String) {
  account(id: $account) {
    subscriptions(first: 50, after: $after) {
      nodes { id name status expiresOn quantity product { name unit } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


class Model(BaseModel):
    """What is named `expires_on` here is `expiresOn` there; what wasn't asked for can't be there."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class UserError(Model):
    """Why something was refused: `path` is the input's field."""

    code: str
    path: list[str]
    message: str


class SignInPayload(Model):
    """The token, or why there is none."""

    session_token: str | None
    errors: list[UserError]


class SignIn(Model):
    """The answer of SIGN_IN."""

    sign_in: SignInPayload


class Product(Model):
    """What is licensed."""

    name: str
    unit: str


class Subscription(Model):
    """One line of what this client is for. `expires_on` is its last good day, None for ever."""

    id: str
    name: str
    status: str
    expires_on: date | None
    quantity: int
    product: Product


class PageInfo(Model):
    """Where the next page begins."""

    has_next_page: bool
    end_cursor: str | None


class SubscriptionPage(Model):
    """One page."""

    nodes: list[Subscription]
    page_info: PageInfo


class Account(Model):
    """An account, as far as it is asked for."""

    subscriptions: SubscriptionPage


class Subscriptions(Model):
    """The answer of SUBSCRIPTIONS; no account is none that this person may see."""

    account: Account | None


Answer = TypeVar("Answer", bound=Model)


class Refused(Exception):
    """The portal said no; the text says why."""


class Portal:
    """A connection to the portal; `with Portal(url) as portal`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(headers={"accept": "application/graphql-response+json"}, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def ask(self, model: type[Answer], document: str, **variables: Any) -> Answer:
        """One operation's data. Raises Refused, or httpx.HTTPError if there is no answer."""
        body = {"query": document, "variables": variables}
        answer = self._http.post(self._url, json=body).json()
        if errors := answer.get("errors"):
            raise Refused("; ".join(error["message"] for error in errors))
        return model.model_validate(answer["data"])

    def sign_in(self, email: str, password: str) -> None:
        """Go on as this person. Raises Refused."""
        found = self.ask(SignIn, SIGN_IN, input={"email": email, "password": password}).sign_in
        if found.errors:
            raise Refused("; ".join(error.message for error in found.errors))
        if found.session_token is None:
            msg = "this person signs in with two steps"
            raise Refused(msg)
        self._http.headers["authorization"] = f"Bearer {found.session_token}"

    def subscriptions(self, account: str) -> Iterator[Subscription]:
        """All subscriptions of an account, page by page. Raises Refused."""
        after: str | None = None
        while True:
            found = self.ask(Subscriptions, SUBSCRIPTIONS, account=account, after=after).account
            if found is None:
                msg = "there is no such account for you"
                raise Refused(msg)
            yield from found.subscriptions.nodes
            after = found.subscriptions.page_info.end_cursor
            if not found.subscriptions.page_info.has_next_page:
                return


def main() -> int:
    """Print what an account has."""
    url, email, account = sys.argv[1:]
    with Portal(url) as portal:
        try:
            portal.sign_in(email, sys.stdin.readline().rstrip("\n"))
            for each in portal.subscriptions(account):
                until = each.expires_on or "ever"
                what = f"{each.quantity} {each.product.unit} of {each.product.name}"
                sys.stdout.write(f"{each.name}: {what}, {each.status} until {until}\n")
        except Refused as reason:
            sys.stderr.write(f"{reason}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
