"""Sends guesses to a running portal and says which answers no client may ever get."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from graphql import GraphQLSchema, build_schema
from httpx import Response

from app.core.settings import Settings
from tests.support import proxies
from tests.support.farms import form
from tests.support.guesses import Guess, Guesser, Seen
from tests.support.portal import Person, Portal

SCHEMA: Final = Path(__file__).parents[2] / "schema.graphql"
# Texts of faults, of statements and of sources: they are for the log.
_LEAKS: Final = re.compile(
    r"Traceback|asyncpg|sqlalchemy|psycopg|\.py\b|line \d+, in|<[\w.]+ object at 0x|violates|relation \"|"
    r"syntax error at or near|invalid byte sequence|NoneType|KeyError|ValueError|TypeError|DecodeError"
)
_FAULTS: Final = ("INTERNAL_SERVER_ERROR", "TIMEOUT")
_AT_ONCE: Final = 4
_WORK_EVERY: Final = 250
_RAW_SHARE: Final = 0.03


@dataclass(frozen=True)
class Defect:
    """An answer that must not be."""

    name: str
    what: str
    asked: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}\n    {self.asked[:3_000]}"


@dataclass
class Fuzzer:
    """Asks for every field of both roots in turn, as everybody; `count` of operations in all."""

    portal: Portal
    seed: int
    codes: Counter[str] = field(default_factory=Counter)
    defects: list[Defect] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    _askers: dict[str, Person | None] = field(default_factory=dict)

    async def run(self, count: int, progress: Callable[[int], None] = lambda _: None) -> None:
        """The defects are in `defects` afterwards, each kind once."""
        self.random = Random(self.seed)
        self.guesser = Guesser(schema := build_schema(SCHEMA.read_text()), self.random, self.seen)
        await self._settle()
        roots = self._roots(schema)
        for done in range(0, count, _AT_ONCE):
            await asyncio.gather(*(self._try(*next(roots)) for _ in range(min(_AT_ONCE, count - done))))
            if done % _WORK_EVERY < _AT_ONCE:
                await self._meanwhile()
                progress(done)

    def _roots(self, schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
        assert schema.query_type is not None
        assert schema.mutation_type is not None
        roots = [("query", name) for name in schema.query_type.fields]
        # Things are found by their IDs: that is where most types are reached.
        roots += [("query", "node")] * 20 + [("query", "viewer")] * 10
        roots += [("mutation", name) for name in schema.mutation_type.fields]
        while True:
            self.random.shuffle(roots)
            yield from roots

    async def _settle(self) -> None:
        """People of each kind, and something of each kind that they may name."""
        ada = await self.portal.administrator()
        await self.portal.activate(ada.code)
        self.seen.keep(ada.code or "")
        for product, verb, facts in (
            ("RAS", "activateFarm", form),
            (proxies.MAC, "activateProxyServer", proxies.form),
        ):
            await self.portal.register(ada, product=product)
            self.seen.keep(ada.code or "")
            self.seen.learn(await self.portal.done(verb, **facts(ada.code)))
        self.seen.keep(await self.portal.issue())
        for known in (ada.account, ada.subscription, ada.key):
            self.seen.keep(known or "")
        self._askers = {
            "administrator": ada,
            "staff": await self.portal.staff(),
            "person": await self.portal.person(),
            "nobody": None,
        }

    async def _try(self, kind: str, name: str) -> None:
        who = self.random.choice(list(self._askers))
        person = self._askers[who]
        headers = {"authorization": f"Bearer {person.token}"} if person else {}
        # Limits on guessing count by address: here everybody has one of their own.
        headers["x-forwarded-for"] = ".".join(str(self.random.randint(1, 254)) for _ in range(4))
        if self.random.random() < _RAW_SHARE:
            guess, body = Guess("raw", "", {}, {}), self.guesser.raw()
        else:
            guess = self.guesser.guess(kind, name)
            body = json.dumps({"query": guess.document, "variables": guess.variables}).encode()
        answer = await self._post(body, guess, headers)
        fault = self._fault(answer.status_code, answer.content)
        if fault:
            asked = (
                body.decode("utf-8", "replace")
                if guess.name == "raw"
                else f"{guess.document} {guess.variables!r}"
            )
            self._report(Defect(guess.name, fault, f"as {who}: {asked}"))

    async def _post(self, body: bytes, guess: Guess, headers: dict[str, str]) -> Response:
        if not guess.files:
            headers["content-type"] = "application/json"
            return await self.portal.http.post("/graphql", content=body, headers=headers)
        headers["graphql-preflight"] = "1"
        places = {str(number): [place] for number, place in enumerate(guess.files)}
        files = {str(number): file for number, file in enumerate(guess.files.values())}
        form = {"operations": body.decode(), "map": json.dumps(places)}
        return await self.portal.http.post("/graphql", data=form, files=files, headers=headers)

    def _fault(self, status: int, content: bytes) -> str | None:
        try:
            answer = json.loads(content)
        except ValueError:
            return f"{status}, not JSON: {content[:200]!r}"
        errors = answer.get("errors") or [] if isinstance(answer, dict) else None
        if errors is None or not ("data" in answer or errors):
            return f"{status}, neither data nor errors: {content[:200]!r}"
        self.seen.learn(answer.get("data"))
        codes = [(error.get("extensions") or {}).get("code") for error in errors]
        self.codes.update([str(code) for code in codes] or ["none"])
        if status >= 500 or None in codes or any(code in _FAULTS for code in codes):
            return f"{status} {[(error.get('path'), error.get('message')) for error in errors][:3]}"
        leak = next((error["message"] for error in errors if _LEAKS.search(error["message"])), None)
        return f"tells too much: {leak}" if leak else None

    def _report(self, defect: Defect) -> None:
        alike = re.sub(r"\d+", "", defect.what)
        if all((defect.name, alike) != (old.name, re.sub(r"\d+", "", old.what)) for old in self.defects):
            self.defects.append(defect)

    async def _meanwhile(self) -> None:
        """What is due is done, what was broken is found, and whose session has ended signs in again."""
        answer = await self.portal.http.post("/dev/work")
        if not answer.is_success:
            self._report(Defect("work", f"{answer.status_code} {answer.text[:300]}", ""))
        # Staff first: the others need them.
        for who in ("staff", "administrator", "person"):
            person = self._askers[who]
            told: Any = await self.portal.ask("{ viewer { person { id } } }", person and person.token)
            if not (told.get("data") or {}).get("viewer"):
                self._askers[who] = await self._another(who)
        for broken in await self._broken():
            self._report(Defect("invariant", broken, ""))

    async def _another(self, who: str) -> Person:
        if who == "staff":
            self.portal._staff = None
            return await self.portal.staff()
        return await (self.portal.administrator() if who == "administrator" else self.portal.person())

    async def _broken(self) -> list[str]:
        found = []
        async with self.portal.server.app.read_all().connection() as connection:
            for name, statement in INVARIANTS.items():
                if await connection.fetchval(statement):
                    found.append(name)
        return found


# Whatever anybody says, none of these ever finds a row.
INVARIANTS: Final = {
    "a key's counter is the number of its computers": """
        select count(*) from license_key join license_subscription s on s.id = subscription_id
        join product on product.code = s.product and product.overuse_policy = 'HARD_LIMIT'
        where product.installation_kind = 'COMPUTER' and license_key.used <> (select count(*) from installation
            where license_key_id = license_key.id and installation.status = 'ACTIVE')""",
    "no subscription with a hard limit is overused": """
        select count(*) from license_subscription s join product on product.code = s.product
        where overuse_policy = 'HARD_LIMIT' and quantity * licenses_per_pack <
            (select coalesce(sum(license_key.used), 0) from license_key where subscription_id = s.id)""",
    "events are numbered without gaps": """
        select count(*) from (select max(sequence) <> count(*) as gap from event group by stream_id) e where gap""",
    "an account of a company has an administrator": """
        select count(*) from account where kind = 'BUSINESS' and not exists (select from membership
            where account_id = account.id and status = 'ACTIVE' and role = 'ACCOUNT_ADMINISTRATOR')""",
}


def settings_for(settings: Settings) -> Settings:
    """The same, believing every address that it is told, without a bound on how often somebody asks."""
    changes = {"trusted_proxies": _EVERYBODY, "requests_per_minute": 0}
    return settings.model_copy(update=changes)


_EVERYBODY: Final = Settings(trusted_proxies="127.0.0.0/8").trusted_proxies
