"""Imports every table, so that the metadata is whole: for Alembic and the architecture tests."""

from sqlmodel import SQLModel

from app.models import (
    account,
    application,
    article,
    event,
    farm,
    installation,
    license_key,
    mail,
    person,
    product,
    sign_in,
    subscription,
    ticket,
)

metadata = SQLModel.metadata
TABLE_MODULES = (
    account,
    application,
    article,
    event,
    farm,
    installation,
    license_key,
    mail,
    person,
    product,
    sign_in,
    subscription,
    ticket,
)
