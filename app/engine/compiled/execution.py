"""Running a plan: level by level, all rows of a level at once.

Whatever is out of the ordinary raises, and the whole operation is graphql-core's (`app.engine.compiled`
answers what can be answered without doubt). So nothing here knows of errors, paths or nulls that bubble.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import asyncpg
from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
)

from app.engine.compiled import pages
from app.engine.compiled.asking import Asking
from app.engine.compiled.leaf_lists import TextPage
from app.engine.compiled.leaves import Unusual
from app.engine.compiled.planner import DEFINITION, Branch, ObjectPlan, Plan
from app.engine.connection import ConnectionPage, Paged, paging
from app.engine.fields import Batch, Column, Computed, Related, get
from app.engine.json_text import Written


@dataclass(slots=True)
class Waiting:
    """A branch whose values aren't there yet, and the answers that they belong to."""

    branch: Branch
    rows: Sequence[Any]
    answers: Sequence[dict[str, Any]]


@dataclass
class Run:
    """One execution of a plan."""

    plan: Plan
    context: Any
    asking: Asking
    # Whether nothing else of this operation is loaded meanwhile
    alone: bool = True

    async def query(self) -> dict[str, Any]:
        """The answer. Raises Unusual, or whatever a resolver raises."""
        query = self.plan.schema.query_type
        assert query is not None
        waiting: list[Waiting] = []
        [answer] = self._objects(self.plan.root(query), [None], waiting)
        await self.settle(waiting)
        return answer

    async def settle(self, waiting: list[Waiting]) -> None:
        """Fetch what is waited for, and what is waited for below it."""
        while len(waiting) == 1:
            waiting = await self._next(waiting[0])
        if waiting:
            self.alone = False
            await together([self._follow(each) for each in waiting])

    async def _follow(self, one: Waiting) -> None:
        await self.settle(await self._next(one))

    async def _next(self, one: Waiting) -> list[Waiting]:
        return self.filled(one, await self._fetch(one.branch, one.rows))

    def filled(self, one: Waiting, values: Sequence[Any]) -> list[Waiting]:
        """Put a branch's values in their place; what is waited for below them."""
        waiting: list[Waiting] = []
        branch = one.branch
        for answer, made in zip(
            one.answers, self._complete(branch.type, values, branch, waiting), strict=True
        ):
            answer[branch.key] = made
        return waiting

    # ------------------------------------------------------------------ values to answers

    def _complete(
        self, type_: GraphQLOutputType, values: Sequence[Any], branch: Branch, waiting: list[Waiting]
    ) -> Sequence[Any]:
        if branch.finish is not None:
            return [branch.finish(value) for value in values]
        if isinstance(type_, GraphQLNonNull):
            if any(value is None for value in values):
                raise Unusual
            return self._complete(type_.of_type, values, branch, waiting)
        there = [value for value in values if value is not None]
        if isinstance(type_, GraphQLList):
            made = self._lists(type_.of_type, there, branch, waiting)
        elif isinstance(type_, GraphQLObjectType):
            made = self._objects(self.plan.of(type_, branch), there, waiting)
        else:
            made = self._by_type(type_, there, branch, waiting)
        if len(there) == len(values):
            return made
        answers = iter(made)
        return [None if value is None else next(answers) for value in values]

    def _lists(
        self, type_: GraphQLOutputType, lists: Sequence[Any], branch: Branch, waiting: list[Waiting]
    ) -> list[Any]:
        if lists and type(lists[0]) is Written:
            return list(lists)
        if any(type(each) is not list and type(each) is not tuple for each in lists):
            raise Unusual
        made = iter(self._complete(type_, [item for each in lists for item in each], branch, waiting))
        return [[next(made) for _ in each] for each in lists]

    def _objects(self, part: ObjectPlan, rows: Sequence[Any], waiting: list[Waiting]) -> list[dict[str, Any]]:
        context, build = self.context, part.build
        if part.is_type_of is not None and not all(
            part.is_type_of(row, self.asking.type_info) is True for row in rows
        ):
            raise Unusual
        answers = [build(row, context) for row in rows]
        if answers:
            for branch in part.branches:
                one = Waiting(branch, rows, answers)
                values = self._at_hand(branch, rows)
                if values is None:
                    waiting.append(one)
                else:
                    waiting += self.filled(one, values)
        return answers

    def _by_type(self, type_: Any, rows: Sequence[Any], branch: Branch, waiting: list[Waiting]) -> list[Any]:
        places: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            is_record = type(row) is asyncpg.Record
            name = row["__typename"] if is_record else type_.resolve_type(row, self.asking.type_info, type_)
            places.setdefault(name, []).append(place)
        made: list[Any] = [None] * len(rows)
        for name, own in places.items():
            concrete = self.plan.schema.get_type(name) if type(name) is str else None
            if not isinstance(concrete, GraphQLObjectType) or not self._may_be(type_, concrete):
                raise Unusual
            answers = self._objects(self.plan.of(concrete, branch), [rows[place] for place in own], waiting)
            for place, answer in zip(own, answers, strict=True):
                made[place] = answer
        return made

    def _may_be(self, type_: Any, concrete: GraphQLObjectType) -> bool:
        return is_abstract_type(type_) and self.plan.schema.is_sub_type(type_, concrete)

    # ------------------------------------------------------------------ rows to values

    def _at_hand(self, branch: Branch, rows: Sequence[Any]) -> Sequence[Any] | None:
        """The values that need no waiting; None if they may."""
        declared = branch.declared
        if isinstance(declared, Column):
            return [get(row, declared.name) for row in rows]
        if isinstance(declared, Computed):
            return [declared.function(row, self.context) for row in rows]
        if declared is None and not branch.field.extensions[DEFINITION].is_async:
            values = self.asking.resolved(branch, rows)
            if any(isawaitable(value) for value in values):
                raise Unusual
            return values
        return None

    async def _fetch(self, branch: Branch, rows: Sequence[Any]) -> Sequence[Any]:
        declared = branch.declared
        if isinstance(declared, Related):
            keys = [get(row, declared.key) for row in rows]
            if declared.many:
                return [found or [] for found in await self._load(declared.batch, keys)]
            wanted = iter(await self._load(declared.batch, [key for key in keys if key is not None]))
            return [None if key is None else next(wanted) for key in keys]
        if isinstance(declared, Paged):
            return await self._pages(branch, declared, rows)
        if branch.loads is not None and self.alone:
            with self.context.reading_ahead(branch.loads, pages.ahead(self.asking, branch)):
                return [await each for each in self.asking.resolved(branch, rows)]
        values = self.asking.resolved(branch, rows)
        if len(values) == 1:
            return [await values[0]]
        self.alone = False
        return await together(values)

    async def _load(self, batch: Batch, keys: Sequence[Any]) -> Sequence[Any]:
        loaded: Sequence[Any] = await (
            self.context.load_alone(batch, keys) if self.alone else self.context.load_many(batch, keys)
        )
        return loaded

    async def _pages(self, branch: Branch, paged: Paged, rows: Sequence[Any]) -> Sequence[Any]:
        """The pages of all rows; those of one listing by one statement."""
        made: list[Any] = [None] * len(rows)
        items = self.plan.items(branch)

        async def load(listing: Any, places: list[int]) -> None:
            page = self.asking.request(branch, listing)
            parents = [get(rows[place], paged.key) for place in places]
            text = pages.as_text(self.asking, page, items)
            slices = await self._load(text or paging(page), parents)
            for place, parent, slice_ in zip(places, parents, slices, strict=True):
                made[place] = (TextPage if text else ConnectionPage)(slice_, parent, self.context)

        wanted = pages.wanted(self.asking, paged, rows)
        if len(wanted) == 1:
            [(listing, places)] = wanted.items()
            await load(listing, places)
        elif wanted:
            self.alone = False
            await together([load(listing, places) for listing, places in wanted.items()])
        return made


async def together(work: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All at once; when one fails, none of the others goes on. Raises what the first raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
