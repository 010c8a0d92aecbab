"""Releases: what a product offers for download (PRD-2)."""

from datetime import date

import strawberry

from app.domain.releases import queries as releases
from app.engine.fields import column, computed, relations
from app.schema.errors import UserError
from app.schema.node import Tagged
from app.schema.payloads import errors
from app.schema.products import ProductCode


@strawberry.type(description="A file to download")
class ReleaseFile:
    """A file's row."""

    name: str = column("Its name")
    platform: str = column("What it runs on")
    size_bytes: str = computed(lambda row, _context: str(row["size_bytes"]), "How long it is, in bytes")
    sha256: str = column("What its SHA-256 must be, in hexadecimal digits")
    url: str = column("Where it is")


@strawberry.type(description="A documentation link")
class DocumentLink:
    """A link's row."""

    title: str = column("What it is about")
    url: str = column("Where it is")


@strawberry.type(description="One version of a product (PRD-2)")
class Release(Tagged):
    """A release's row."""

    version: str = column("Its version")
    name: str = column("Its name")
    released_on: date = column("When it came out")
    notes: str | None = column("What is new")
    files: list[ReleaseFile] = relations(releases.files_of, "Its files")
    documents: list[DocumentLink] = relations(releases.documents_of, "Its documentation")


@strawberry.input(description="A file of a release")
class ReleaseFileInput:
    """PRD-2."""

    name: str = strawberry.field(description="Its name")
    platform: str = strawberry.field(description="What it runs on")
    size_bytes: str = strawberry.field(description="How long it is, in bytes, in digits")
    sha256: str = strawberry.field(description="Its SHA-256: 64 hexadecimal digits")
    url: str = strawberry.field(description="Where it is; https")


@strawberry.input(description="A documentation link of a release")
class DocumentLinkInput:
    """PRD-2."""

    title: str = strawberry.field(description="What it is about")
    url: str = strawberry.field(description="Where it is; https")


@strawberry.input(description="A version to publish; one that is published is replaced whole")
class PublishReleaseInput:
    """PRD-2."""

    product: ProductCode = strawberry.field(description="The product")
    version: str = strawberry.field(description="Its version")
    name: str = strawberry.field(description="Its name")
    released_on: date = strawberry.field(description="When it came out")
    notes: str | None = strawberry.field(default=None, description="What is new")
    files: list[ReleaseFileInput] = strawberry.field(description="Its files")
    documents: list[DocumentLinkInput] = strawberry.field(description="Its documentation")


@strawberry.type(description="The release as it is now")
class PublishReleasePayload:
    """PRD-2."""

    release: Release | None = strawberry.field(default=None, description="The release")
    errors: list[UserError] = errors()
