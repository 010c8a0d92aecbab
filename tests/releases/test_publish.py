from typing import Any

import pytest

from tests.support.computers import member
from tests.support.portal import Person, Portal

RELEASES = """query ($code: ProductCode!, $version: String) { product(code: $code) { releases(version: $version) {
    version name releasedOn notes files { name sizeBytes url } documents { title } } } }"""


def release(version: str, day: str, **changes: Any) -> dict[str, Any]:
    file = {
        "name": f"desktop-{version}.msi",
        "platform": "Windows",
        "sizeBytes": "5368709120",
        "sha256": "AB" * 32,
        "url": f"https://downloads.vendor.example/{version}.msi",
    }
    return {
        "product": "DESKTOP",
        "version": version,
        "name": f"Desktop {version}",
        "releasedOn": day,
        "notes": "Better",
        "files": [file],
        "documents": [{"title": "Guide", "url": "https://docs.vendor.example/guide"}],
    } | changes


async def seen(portal: Portal, person: Person | None, version: str | None = None) -> list[str]:
    token = person.token if person else None
    data = await portal.query(RELEASES, token, code="DESKTOP", version=version)
    return [one["version"] for one in data["product"]["releases"]]


@pytest.mark.rule("PRD-2", "SUB-12")
async def test_releases_reach_those_who_hold_the_product(portal: Portal) -> None:
    staff = await portal.staff()
    ada = await portal.administrator()
    other = await portal.administrator(product="RAS")
    old = await portal.administrator(kind="PERPETUAL", termMonths=12)
    bystander = await member(portal, ada)
    today = (await portal.advance("PT1S"))[:10]
    year = int(today[:4])
    await portal.done("publishRelease", staff.token, **release("20.0", f"{year - 1}-03-01"))
    done = await portal.done("publishRelease", staff.token, **release("21.0", f"{year + 2}-03-01"))
    assert done["release"]["files"] == [
        {
            "name": "desktop-21.0.msi",
            "platform": "Windows",
            "sizeBytes": "5368709120",
            "sha256": "ab" * 32,
            "url": "https://downloads.vendor.example/21.0.msi",
        }
    ]
    assert await seen(portal, staff) == await seen(portal, ada) == ["21.0", "20.0"]
    assert await seen(portal, ada, "20.0") == ["20.0"]
    assert await seen(portal, old) == ["20.0"]
    lin = await member(portal, ada, ada.key or "")
    assert await seen(portal, lin) == ["21.0", "20.0"]
    for person in (other, bystander, None):
        assert await seen(portal, person) == []

    # Published again: corrected, not doubled
    await portal.done(
        "publishRelease", staff.token, **release("21.0", f"{year + 2}-03-01", name="Fixed", files=[])
    )
    data = await portal.query(RELEASES, ada.token, code="DESKTOP", version="21.0")
    assert data["product"]["releases"][0] == {
        "version": "21.0",
        "name": "Fixed",
        "releasedOn": f"{year + 2}-03-01",
        "notes": "Better",
        "files": [],
        "documents": [{"title": "Guide"}],
    }
    payload = await portal.done(
        "sendInstallInvitations", old.token, licenseKeyId=old.key, emails=["eve@example.com"]
    )
    page = await portal.http.get(payload["invitations"]["nodes"][0]["downloadUrl"])
    assert "https://downloads.vendor.example/20.0.msi" in page.text
    assert "21.0" not in page.text


@pytest.mark.rule("PRD-2")
async def test_only_staff_publish_and_only_what_can_be(portal: Portal) -> None:
    staff, ada = await portal.staff(), await portal.administrator()
    good = release("20.0", "2026-03-01")
    assert (await portal.refused("publishRelease", ada.token, **good))[0][0] == "FORBIDDEN"
    (file,) = good["files"]
    bad_file = file | {"url": "http://x.example", "sha256": "xyz", "sizeBytes": "-1", "name": " "}
    refused = await portal.refused(
        "publishRelease",
        staff.token,
        **(
            good | {"version": "", "files": [file, bad_file], "documents": [{"title": "t", "url": "ftp://x"}]}
        ),
    )
    assert sorted(path for _, path in refused) == [
        "documents.0.url",
        "files.1.name",
        "files.1.sha256",
        "files.1.sizeBytes",
        "files.1.url",
        "version",
    ]
    assert await seen(portal, staff) == []
