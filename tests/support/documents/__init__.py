"""The operations that tests send: every module here offers `MUTATIONS`, a document by the mutation's name."""

import importlib
import pkgutil

MUTATIONS: dict[str, str] = {}
for _module in pkgutil.iter_modules(__path__):
    _found = getattr(importlib.import_module(f"{__name__}.{_module.name}"), "MUTATIONS", {})
    assert not MUTATIONS.keys() & _found.keys(), f"{_module.name} offers what others have"
    MUTATIONS |= _found
