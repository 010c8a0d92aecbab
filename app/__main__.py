"""`python -m app` is `lychgate`."""

from app.cli import main

main()
