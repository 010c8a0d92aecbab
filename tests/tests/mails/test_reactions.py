from typing import Any

import pytest

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.application import App
from app.domain.events.record import DomainEvent
from app.domain.identity.events import ConfirmationRequested, SignUpRepeated
from app.domain.subscriptions.events import SubscriptionIssued
from app.jobs.performing import run_all_due
from app.models.person import Language, Person
from tests.support.outbox import execute, received


def somebody(app: App, **changes: Any) -> Person:
    now = app.clock.now()
    values = {"email": "Ada@Example.com", "first_name": "Ada", "last_name": "Lovelace", **changes}
    return Person(
        id=new_id(),
        email_key="ada@example.com",
        language=Language.FR,
        terms_version="1",
        privacy_version="1",
        terms_accepted_at=now,
        created_at=now,
        **values,
    )


async def happen(app: App, event: DomainEvent, *rows: Any) -> None:
    async with app.work(Actor.system("test")) as work:
        work.require(Permission.BACKGROUND_WORK)
        work.add(*rows)
        work.emit(event)


async def text_of_the_only_mail(app: App) -> tuple[str, str, str]:
    assert await run_all_due(app) == {"send_mail": 1}
    [message] = await received(app)
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["To"]), str(message["Subject"]), body.get_content()


@pytest.mark.rule("IDN-1", "MAI-1")
async def test_confirmation(app: App) -> None:
    person = somebody(app)
    await happen(
        app, ConfirmationRequested(subject_id=person.id, person=person, token="lyc_lnk_a-b_c"), person
    )
    to, subject, text = await text_of_the_only_mail(app)
    assert (to, subject) == ("Ada Lovelace <Ada@example.com>", "Confirmez votre adresse e-mail")
    assert "http://127.0.0.1:8000/confirm-email?token=lyc_lnk_a-b_c" in text.splitlines()
    [row] = await execute(app, "select person_id from mail")
    assert row["person_id"] == person.id


@pytest.mark.rule("IDN-2")
async def test_address_in_use(app: App) -> None:
    person = somebody(app)
    await happen(app, SignUpRepeated(subject_id=person.id, person=person), person)
    _, subject, text = await text_of_the_only_mail(app)
    assert subject == "Vous avez déjà un compte de connexion"
    assert "token" not in text


@pytest.mark.rule("SUB-1")
async def test_key_issued(app: App) -> None:
    code = "LYC-11111-22222-33333-44444-55555"
    facts = {"subject_id": new_id(), "code": code, "product_name": "Desktop", "quantity": 5}
    await happen(app, SubscriptionIssued(**facts, send_to="buyer@example.com", language=Language.DE))
    to, subject, text = await text_of_the_only_mail(app)
    assert (to, subject) == ("buyer@example.com", "Ihr Lizenzschlüssel für Desktop")
    assert code in text
    assert "5 Lizenzen" in text


@pytest.mark.rule("SUB-1")
async def test_key_issued_to_nobody(app: App) -> None:
    facts = {"subject_id": new_id(), "code": "LYC-1", "product_name": "Desktop", "quantity": 5}
    await happen(app, SubscriptionIssued(**facts, send_to=None))
    assert await run_all_due(app) == {}
