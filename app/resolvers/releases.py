"""Publishing releases."""

from dataclasses import asdict
from typing import Any

import strawberry

from app.access.actor import Scope
from app.domain.releases import commands
from app.domain.releases import queries as releases
from app.domain.releases.commands import Document, File, Publication
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.releases import PublishReleaseInput, PublishReleasePayload


@strawberry.type
class ReleaseMutation:
    """PRD-2."""

    @mutation(
        PublishReleasePayload,
        "Staff: publish a version of a product, or correct one (PRD-2)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def publish_release(self, info: Info, input: PublishReleaseInput) -> PublishReleasePayload:
        """PRD-2."""
        given = Publication(
            **{
                **asdict(input),
                "files": [File(**asdict(file)) for file in input.files],
                "documents": [Document(**asdict(document)) for document in input.documents],
            }
        )
        done = await commands.publish(info.context.work(), given)
        rows: Any = await releases.by_ids(info.context.read(), [done])
        return PublishReleasePayload(release=rows[done])
