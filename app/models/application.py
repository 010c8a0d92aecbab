"""The application's own state: one row that every node shares."""

from sqlmodel import Field, SQLModel


class ApplicationClock(SQLModel, table=True):
    """How far `DEV` moved the clock, in seconds. One row; no row means not at all."""

    __tablename__ = "application_clock"

    id: int = Field(default=1, primary_key=True)
    offset_seconds: float
