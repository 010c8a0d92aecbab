"""What somebody asked to download: made when the signed link is opened."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app.models.columns import choice, document, moment, one_of, primary_key, reference


class ExportKind(StrEnum):
    """What an export lists."""

    INSTALLATIONS = "INSTALLATIONS"
    INSTALL_INVITATIONS = "INSTALL_INVITATIONS"


class Export(SQLModel, table=True):
    """A request for a file. It holds no rows: rights are looked at again at the download."""

    __tablename__ = "export"
    __table_args__ = (one_of("kind", ExportKind),)

    id: UUID = primary_key()
    kind: ExportKind = choice(ExportKind)
    person_id: UUID = reference("person.id", ondelete="CASCADE")
    # The session or access token that asked: its rights at the download count
    sign_in_id: UUID
    account_id: UUID = reference("account.id", ondelete="CASCADE")
    # What to list, as JSON
    wanted: dict[str, Any] = document(default_factory=dict)
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)
