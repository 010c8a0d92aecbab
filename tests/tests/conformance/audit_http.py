"""`python -m tests.conformance.audit_http [URL]`: graphql-http's audits, by default of the toy server.

Needs node and npm with a registry, so it is no part of `make test`. To be run at each upgrade of Strawberry.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from app.engine.http import EndpointOptions
from tests.engine.toy import Server

PACKAGES = ("graphql-http@1.23.1", "graphql@16.15.0")
SCRIPT = Path(__file__).with_suffix(".mjs")


def audit(url: str) -> int:
    """The exit code of the audits; what fails is written to standard output."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SCRIPT, folder)
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
        subprocess.run(install, cwd=folder, check=True)
        return subprocess.run(["node", SCRIPT.name, url], cwd=folder, check=False).returncode


def main() -> int:
    """Audits the server at the given URL, or a toy of its own."""
    if len(sys.argv) > 1:
        return audit(sys.argv[1])
    server = Server(EndpointOptions())
    server.start()
    try:
        return audit(server.url)
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
