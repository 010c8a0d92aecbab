"""docs/transfer-format.md says what the adapters take."""

import json
import re

import pytest

from app.demo.exports import CREATED, export
from app.legacy import access, secure_workspace
from app.models.transfer import MigrationSource
from scripts import transfer_schema

TRANSLATE = {
    MigrationSource.SECURE_WORKSPACE: secure_workspace.translate,
    MigrationSource.ACCESS: access.translate,
}


@pytest.mark.rule("MIG-1")
def test_the_page_holds_the_schemas_of_the_code() -> None:
    text = transfer_schema.PAGE.read_text(encoding="utf-8")
    assert text == transfer_schema.page(), "run python -m scripts.transfer_schema"
    schemas = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    for schema, own in zip(schemas, ("LicenceLine", "SubscriptionLine"), strict=True):
        assert set(schema["$defs"]) >= {"OrganisationLine", "UserLine", own}
    licence = schemas[0]["$defs"]["LicenceLine"]
    assert set(licence["required"]) == {"type", "id", "code", "kind", "users"}


@pytest.mark.parametrize("source", list(MigrationSource))
def test_the_generator_is_honest_and_the_same_each_time(source: MigrationSource) -> None:
    samples = list(export(source, 300))
    assert samples == list(export(source, 300))
    assert [sample.raw for sample in samples] != sorted(sample.raw for sample in samples)
    text = b"\n".join(sample.raw for sample in samples).decode(errors="replace")
    for wanted in ("o'neill", "münchen.example", "@Sub.", "o-gone", '"state":""'):
        assert wanted in text
    for sample in samples:
        if sample.outcome is CREATED:
            assert TRANSLATE[source](sample.raw).legacy_id
