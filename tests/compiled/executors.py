"""Both executors beside each other, and what became of the documents."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from graphql import OperationDefinitionNode, validate

from app.access.actor import Actor
from app.context import Context
from app.core.clock import Clock
from app.domain.application import App
from app.domain.identity.sessions import Client
from app.engine import json_text
from app.engine.documents import Prepared
from app.engine.limits import Limits
from app.graphql import schema
from tests.compiled.agreement import Answer, Path, disagreement, only
from tests.compiled.documents import Made
from tests.support.portal import Portal

# Documents that ask for all that there is cost more than a client may ask for.
_ROOMY = Limits(max_cost=10**7, max_aliases=1_000, max_directives=1_000, max_tokens=50_000, max_repeats=100)
# Of so many documents one is validated: the others are made in the same way.
_VALIDATED = 100


class Stopped(Clock):
    """Links carry the second at which they end: it must be one and the same."""

    moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class Pair:
    """Runs each document by both; `viewers` take turns."""

    app: App
    hub: Any
    viewers: list[Actor]

    def __post_init__(self) -> None:
        self.seen: Counter[str] = Counter()

    @classmethod
    async def of(cls, portal: Portal, tokens: list[str | None]) -> "Pair":
        """The executors of a running portal, for whoever has these tokens."""
        app = portal.server.app
        app = replace(app, resources=replace(app.resources, clock=Stopped()))
        hub = portal.server.hub
        contexts = [Context(app, "request", Client(), token, hub) for token in tokens]
        return cls(app, hub, [(await context.renew()).actor for context in contexts])

    async def compare(self, made: Made) -> None:
        """One document, run twice: what its plan knows from before must not show.

        The second time with other variables and by another viewer; or once more by the plan alone.
        """
        prepared = self._prepared(made.text)
        self.seen["documents"] += 1
        first, second = (self.viewers[turn % len(self.viewers)] for turn in made.turns)
        trial = Trial(self, made.text, prepared, made.variables, first)
        answer = await trial.agreed()
        if made.again == made.variables:
            await trial.agreed(answer)
            return
        shown = {name: _cursor(answer.data, alias) for name, alias in made.cursors.items()}
        self.seen["cursors"] += sum(cursor is not None for cursor in shown.values())
        await replace(trial, variables={**made.again, **shown}, viewer=second).agreed()

    def _prepared(self, text: str) -> Prepared:
        """The document as if it had been run before, so that it is planned at once."""
        documents, core = schema().documents, schema()._schema
        prepared = documents.known(text) or documents.prepare(core, text)
        if self.seen["documents"] % _VALIDATED == 0:
            self.seen["invalid"] += bool(validate(core, prepared.document))
            self.seen["validated"] += 1
        documents.put(text, prepared)
        return prepared

    async def run(self, text: str, variables: dict[str, Any], viewer: Actor, *, compiled: bool) -> Answer:
        """What a client gets of one of them."""
        context = Context(self.app, "request", Client(), None, self.hub)
        context.actor = viewer
        whole = schema()
        whole.compiled = compiled
        try:
            result = await whole.execute(text, variables, context)
        finally:
            whole.compiled = True
        # A plan's data may be text in part.
        data = json_text.decode(json_text.encode(result.data))
        return Answer(data, [dict(error.formatted) for error in result.errors or ()], result.extensions)

    def count(self, answer: Answer, planned: int) -> None:
        """What it was worth to compare that."""
        values, depth = _extent(answer.data)
        self.seen.update(
            runs=1,
            planned=planned,
            errors=bool(answer.errors),
            partial=bool(answer.errors) and values > 0,
            values=values,
            rich=values >= 10,
            deep=depth >= 6,
        )


@dataclass(frozen=True)
class Trial:
    """One document with its variables, asked by somebody."""

    pair: Pair
    text: str
    prepared: Prepared
    variables: dict[str, Any]
    viewer: Actor

    async def agreed(self, known: Answer | None = None) -> Answer:
        """graphql-core's answer (which may be known), once the plan has given it too. Raises AssertionError."""
        theirs = known or await self._run(compiled=False)
        before = schema().documents.planned
        ours = await self._run(compiled=True)
        planned = schema().documents.planned - before
        reason = await disagreement(ours, theirs, self._alone)
        if not reason and not planned and not theirs.errors:
            reason = "graphql-core answers it, the plan doesn't"
        if reason:
            core = schema()._schema
            told = f"{reason}\nfor {self.viewer.name}: {self.text}\n{self.variables}"
            # What can't be sent needs no answer.
            assert validate(core, self.prepared.document), told
        self.pair.count(theirs, planned)
        return theirs

    async def _run(self, *, compiled: bool) -> Answer:
        return await self.pair.run(self.text, self.variables, self.viewer, compiled=compiled)

    async def _alone(self, path: Path) -> Answer:
        self.pair.seen["alone"] += 1
        document = only(self.prepared.document, path)
        [operation] = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        operations = dict.fromkeys(self.prepared.operations, operation)
        text = f"{self.text}\n# {path}"
        schema().documents.put(text, replace(self.prepared, document=document, operations=operations))
        return await replace(self, text=text)._run(compiled=False)


@contextmanager
def roomy() -> Iterator[None]:
    """Limits for documents that ask for everything, and a cache that doesn't keep thousands of them."""
    documents = schema().documents
    limits, size = documents.limits, documents.max_bytes
    documents.bound(_ROOMY)
    documents.max_bytes = 4 * 2**20
    try:
        yield
    finally:
        documents.bound(limits)
        documents.max_bytes = size


def _extent(data: Any) -> tuple[int, int]:
    """How many values other than null an answer has, and how deep it is."""
    if data is None or data in ({}, []):
        return 0, 0
    if not isinstance(data, dict | list):
        return 1, 0
    parts = [_extent(each) for each in (data.values() if isinstance(data, dict) else data)]
    return sum(values for values, _ in parts), 1 + max(depth for _, depth in parts)


def _cursor(data: Any, alias: str) -> str | None:
    """The first cursor that a field of this name shows, anywhere in an answer."""
    if isinstance(data, dict):
        page = data.get(alias)
        if page is not None:
            found: str | None = page["pageInfo"]["endCursor"]
            return found
        data = list(data.values())
    if isinstance(data, list):
        return next((found for each in data if (found := _cursor(each, alias))), None)
    return None
