"""`python -m scripts.legacy_export SECURE_WORKSPACE 100000 > export.jsonl`: a large, realistic export."""

import sys

from app.demo.exports import export
from app.models.transfer import MigrationSource


def main(source: MigrationSource, organisations: int) -> None:
    """To standard output."""
    for sample in export(source, organisations):
        sys.stdout.buffer.write(sample.raw + b"\n")


if __name__ == "__main__":
    main(MigrationSource(sys.argv[1]), int(sys.argv[2]))
