"""What the vendor published: versions of the products, with files to download and documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from app.demo import people
from app.demo.computers import VERSIONS
from app.demo.story import Step, Story
from app.domain.releases import commands
from app.domain.releases.commands import Document, File, Publication
from app.models.product import ProductCode

_SITE: Final = "https://downloads.northgate.example"
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Line:
    """A product's releases: versions and how many days ago each came out; a file for each platform."""

    product: ProductCode
    name: str
    slug: str
    platforms: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, int], ...]


_ON_COMPUTERS: Final = (("Windows", "msi"), ("macOS", "pkg"), ("Debian, Ubuntu", "deb"))
_ON_SERVERS: Final = (("Windows Server", "msi"),)
_APPLIANCE: Final = (("VMware", "ova"), ("Hyper-V", "vhdx"))

LINES: Final = (
    Line(ProductCode.DESKTOP, "Desktop", "desktop", _ON_COMPUTERS, VERSIONS),
    Line(ProductCode.ACCESS, "Access", "access", _ON_COMPUTERS, (("3.2.0", 350), ("3.3.1", 90))),
    Line(ProductCode.RAS, "RAS", "ras", _ON_SERVERS, (("19.4", 410), ("20.0", 210), ("20.1", 45))),
    Line(
        ProductCode.DEVICE_MANAGEMENT_MAC,
        "Device Management proxy",
        "device-management",
        (("Windows Server", "msi"), ("macOS", "pkg")),
        (("2.6", 260), ("2.7", 75)),
    ),
    Line(
        ProductCode.DEVICE_MANAGEMENT_MOBILE,
        "Device Management proxy",
        "device-management",
        (("Windows Server", "msi"), ("macOS", "pkg")),
        (("2.6", 260), ("2.7", 75)),
    ),
    Line(ProductCode.SECURE_WORKSPACE, "Secure Workspace", "workspace", _APPLIANCE, (("5.5", 130),)),
)


def steps(story: Story) -> Iterator[Step]:
    """Maya publishes each on its day."""
    for line in LINES:
        for version, days_ago in line.versions:
            day = (story.present - timedelta(days=days_ago)).date()
            publication = Publication(
                product=line.product,
                version=version,
                name=f"{line.name} {version}",
                released_on=day,
                notes=f"What is new in {line.name} {version} is told in the release notes.",
                files=[_file(line, version, *platform) for platform in line.platforms],
                documents=[
                    Document(title="Release notes", url=f"{_SITE}/{line.slug}/{version}/notes.html"),
                    Document(title="Installation guide", url=f"{_SITE}/{line.slug}/guide.html"),
                ],
            )
            # The oldest ones came out before anybody worked with this portal.
            yield Step(story.ago(min(days_ago, 428)), partial(_publish, story, publication))


def _file(line: Line, version: str, platform: str, ending: str) -> File:
    name = f"{line.slug}-{version}.{ending}"
    # There is no such file: its sum and its size are made up, and the same at each load.
    made_up = sha256(name.encode())
    size = 90 * _MEGABYTE + int.from_bytes(made_up.digest()[:4], "big") % (200 * _MEGABYTE)
    return File(
        name=name,
        platform=platform,
        size_bytes=str(size),
        sha256=made_up.hexdigest(),
        url=f"{_SITE}/{line.slug}/{version}/{name}",
    )


async def _publish(story: Story, publication: Publication) -> None:
    await commands.publish(await story.work(people.MAYA), publication)
