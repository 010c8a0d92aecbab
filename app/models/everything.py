"""Imports every table, so that the metadata is whole: for Alembic and the architecture tests."""

from sqlmodel import SQLModel

from app.models import (
    account,
    application,
    article,
    event,
    export,
    farm,
    installation,
    invitation,
    license_key,
    mail,
    person,
    product,
    proxy,
    release,
    request,
    sign_in,
    subscription,
    ticket,
    transfer,
    webhook,
)

metadata = SQLModel.metadata
TABLE_MODULES = (
    account,
    application,
    article,
    event,
    farm,
    export,
    installation,
    invitation,
    license_key,
    mail,
    person,
    product,
    proxy,
    release,
    request,
    sign_in,
    subscription,
    ticket,
    webhook,
    transfer,
)
