"""Tables and enums, a file an aggregate. Records with constraints: no behaviour, no relations."""
