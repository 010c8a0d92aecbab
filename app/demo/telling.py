"""What is printed once the demo is up: where to go, who can sign in, what to paste."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.core import ids
from app.core.statements import Statement
from app.demo import people, subscriptions, transfers
from app.domain.application import App

_WHERE: Final = Statement(
    """
    select membership.account_id,
        (select id from license_subscription where contract_number = $2 order by id limit 1) as subscription_id,
        (select code_sealed
            from license_key join license_subscription on license_subscription.id = license_key.subscription_id
            where license_subscription.account_id is null
            order by license_key.id limit 1) as spare_sealed
    from person join membership on membership.person_id = person.id
    where person.email_key = $1
    order by membership.member_since limit 1
    """,
    ("address", "contract"),
    {},
)
_LICENSE: Final = Statement(
    "select answer from offline_request where answer is not null order by used_at desc, id desc limit 1",
    (),
    {},
)
_SIGN_INS: Final = (
    (people.NORA, "administrator of Brightwater Engineering"),
    (people.LUIS, "administers a licence key there"),
    (people.AIKO, "regular member there"),
    (people.HELEN, "administrator of a small customer"),
    (people.INES, "administrator of their partner"),
    (people.MAYA, "the vendor's own staff"),
)
_OPERATIONS: Final = """
mutation SignIn {{ signIn(input: {{email: "{email}", password: "{password}"}}) {{
  viewer {{ person {{ fullName }} }} errors {{ message }} }} }}

query Dashboard {{ account(id: "{account}") {{
  name subscriptions(orderBy: {{field: EXPIRES_ON}}) {{
    totalCount nodes {{ name status expiresOn usage {{ used total }} }} }} }} }}

subscription Watch {{ accountEvents(accountId: "{account}") {{ sequence occurredAt summary }} }}

mutation Rename {{ renameSubscription(input: {{
  subscriptionId: "{subscription}", name: "Workstations" }}) {{
  subscription {{ name }} errors {{ code message }} }} }}
"""


@dataclass(frozen=True)
class Places:
    """What the printed operations name; `spare` is a key that nobody registered yet."""

    account: str
    subscription: str
    spare: str | None


async def places(app: App) -> Places | None:
    """Where things are in this database; None if it holds no demo."""
    row = await app.read_all().row(_WHERE, address=people.NORA, contract=subscriptions.CONTRACT)
    if row is None or row["subscription_id"] is None:
        return None
    sealed = row["spare_sealed"]
    return Places(
        ids.encode("BusinessAccount", row["account_id"]),
        ids.encode("LicenseSubscription", row["subscription_id"]),
        None if sealed is None else app.resources.vault.decrypt(sealed),
    )


def operations(found: Places) -> str:
    """One document to paste: every operation works as it stands, once SignIn was run."""
    return _OPERATIONS.format(
        email=people.NORA,
        password=people.PASSWORD,
        account=found.account,
        subscription=found.subscription,
    ).strip()


async def license_file(app: App) -> str | None:
    """The licence that answered the last file of the server without a network; None a week later."""
    row = await app.read_all().row(_LICENSE)
    return None if row is None else str(row["answer"])


async def tell(app: App) -> None:
    """Print all of it on standard output."""
    found = await places(app)
    console = Console(highlight=False, soft_wrap=True)
    url = app.resources.settings.public_url
    if found is None:
        console.print(f"Lychgate serves on {url}; this database holds other data than the demo's.")
        return
    console.print(Panel(Group(_addresses(url, found), "", _sign_ins()), title="Lychgate demo", expand=False))
    console.print(
        f"Paste this into GraphiQL ({url}/graphql), run SignIn, then Dashboard; run Watch in one tab and\n"
        "Rename in another. Ctrl-C here stops everything.\n"
    )
    console.print(operations(found), markup=False)
    licence = await license_file(app)
    if licence is not None:
        console.print(
            "\nThe licence of a proxy server without a network: `lychgate verify-license FILE` checks it.\n"
        )
        console.print(licence, markup=False)


def _addresses(url: str, found: Places) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("GraphQL", f"{url}/graphql (in a browser: GraphiQL)"),
        ("Websocket", f"{url.replace('http', 'ws', 1)}/graphql"),
        ("Mailbox", f"{url}/dev/mailbox"),
        ("Key to register", found.spare or "all are registered; Maya can issue another"),
        ("Moved in", f"{transfers.HARBOUR} waits for whoever signs up as {transfers.WAITING}"),
        ("Legacy code", f"{transfers.LEGACY_CODE}, to exchange once"),
    ):
        grid.add_row(name, value)
    return grid


def _sign_ins() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_row("Password", people.PASSWORD)
    for address, part in _SIGN_INS:
        grid.add_row(address, part)
    return grid


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a few lines anywhere else."""
    if not sys.stderr.isatty():
        yield _line
        return
    columns = (TextColumn("Loading the demo company"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("load", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _line(done: int, total: int) -> None:
    quarter = max(total // 4, 1)
    if done % quarter == 0:
        sys.stderr.write(f"Loading the demo company: {done} of {total}\n")
