"""Running a plan: level by level, all rows of a level at once.

Whatever is out of the ordinary raises, and the whole operation is graphql-core's (`app.engine.compiled`
answers what can be answered without doubt). So nothing here knows of errors, paths or nulls that bubble.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import isawaitable
from typing import Any

import asyncpg
from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path
from strawberry.types.arguments import convert_arguments

from app.core.paging import PageRequest, needs_look
from app.engine.compiled.leaf_lists import Items, TextPage, is_writable, text_pages
from app.engine.compiled.leaves import Unusual
from app.engine.compiled.planner import DEFINITION, Branch, ObjectPlan, Plan
from app.engine.connection import ConnectionPage, Paged, paging, request_of
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
    values: VariableValues
    # Strawberry's schema: its converters and its kind of info
    schema: Any
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
        if part.is_type_of is not None and not all(part.is_type_of(row, self._info) is True for row in rows):
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
            name = row["__typename"] if is_record else type_.resolve_type(row, self._info, type_)
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
            values = self.resolved(branch, rows)
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
        values = self.resolved(branch, rows)
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
        arguments = self._arguments(branch)
        wanted: dict[Any, list[int]] = {}
        for place, row in enumerate(rows):
            if paged.shown is None or paged.shown(row, self.context):
                wanted.setdefault(paged.chosen(row), []).append(place)
        pages: list[Any] = [None] * len(rows)
        items = self.plan.items(branch)

        async def load(listing: Any, places: list[int]) -> None:
            request = request_of(listing, self.context.clock, arguments, paged.single)
            parents = [get(rows[place], paged.key) for place in places]
            text = None if items is None else self._text(request, items)
            slices = await self._load(text or paging(request), parents)
            for place, parent, slice_ in zip(places, parents, slices, strict=True):
                pages[place] = (TextPage if text else ConnectionPage)(slice_, parent, self.context)

        if len(wanted) == 1:
            [(listing, places)] = wanted.items()
            await load(listing, places)
        elif wanted:
            self.alone = False
            await together([load(listing, places) for listing, places in wanted.items()])
        return pages

    def _text(self, request: PageRequest, items: Items) -> Batch | None:
        """The batch query of such pages as texts, if they can be such, with all the pages within them."""
        if not is_writable(request.listing, items):
            return None
        clock = self.context.clock
        try:
            inner = tuple(
                request_of(listing, clock, self._arguments(each.branch), each.single)
                for each, listing in items.inner
            )
        except Exception:  # noqa: BLE001 - whether it matters is known when there is a row to ask it of
            return None
        return None if any(map(needs_look, inner)) else text_pages(request, items, inner)

    def resolved(self, branch: Branch, rows: Sequence[Any]) -> list[Any]:
        """What the resolver says of each row; of an asynchronous one, what is to be awaited."""
        resolve: Any = branch.field.resolve
        raw = self._raw_info(branch)
        given = self._given(branch)
        return [resolve(row, raw, **given) for row in rows]

    def _given(self, branch: Branch) -> Mapping[str, Any]:
        """The field's arguments as graphql-core coerces them."""
        if not branch.field.args:
            return {}
        node = branch.details[0].node
        return self._recalled("given", branch, lambda: get_argument_values(branch.field, node, self.values))

    def _arguments(self, branch: Branch) -> Mapping[str, Any]:
        """The same as Strawberry's resolvers get them."""
        return self._recalled("converted", branch, lambda: self._converted(branch, self._given(branch)))

    def _recalled(
        self, what: str, branch: Branch, make: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        coerced = self.values.coerced
        values = {name: coerced[name] for name in branch.variables if name in coerced}
        return self.plan.memory.recall((what, branch), values, make)

    def _converted(self, branch: Branch, given: Mapping[str, Any]) -> Mapping[str, Any]:
        definition = branch.field.extensions[DEFINITION]
        info = self.schema.config.info_class(_raw_info=self._raw_info(branch), _field=definition)
        return convert_arguments(
            dict(given),
            definition.arguments,
            scalar_registry=self.schema.schema_converter.scalar_registry,
            config=self.schema.config,
            info=info,
        )

    @cached_property
    def _info(self) -> Any:
        # For those who ask for a row's type.
        query: Any = self.plan.schema.query_type
        return self._raw(query, "", query, [])

    def _raw_info(self, branch: Branch) -> GraphQLResolveInfo[Any]:
        nodes = [each.node for each in branch.details]
        return self._raw(branch.parent, branch.key, branch.type, nodes)

    def _raw(self, parent: Any, key: str, type_: Any, nodes: list[Any]) -> GraphQLResolveInfo[Any]:
        plan = self.plan
        return GraphQLResolveInfo(
            nodes[0].name.value if nodes else "",
            nodes,
            type_,
            parent,
            Path(None, key, parent.name),
            plan.schema,
            dict(plan.fragments),
            None,
            plan.operation,
            self.values.coerced,  # type: ignore[arg-type]  # as Strawberry's resolvers get them
            self.context,
            isawaitable,  # type: ignore[arg-type]  # a TypeIs is one
            None,
            None,  # type: ignore[arg-type]  # helpers of work that nobody tracks
        )


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
