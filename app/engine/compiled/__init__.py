"""A second executor for documents that come again: see docs/compiled-execution.md."""
