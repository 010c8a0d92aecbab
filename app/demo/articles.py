"""More of the knowledge base than the migration brings: articles in every language."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson

from app.demo import people
from app.demo.story import Step, Story
from app.domain.articles import commands
from app.domain.articles.commands import NewArticle
from app.models.person import Language
from app.models.product import ProductCode

_FILE: Final = Path(__file__).with_name("articles.json")


def steps(story: Story) -> Iterator[Step]:
    """Tom writes one now and then."""
    for place, facts in enumerate(orjson.loads(_FILE.read_bytes())):
        yield Step(story.ago(400 - 30 * place), partial(_publish, story, facts))


async def _publish(story: Story, facts: dict[str, Any]) -> None:
    form = NewArticle(
        product=ProductCode(facts["product"]),
        language=Language(facts["language"]),
        title=facts["title"],
        body=facts["body"],
        popular=facts["popular"],
    )
    await commands.publish(await story.work(people.TOM), form)
