"""The operations that tests send: every module here offers `MUTATIONS`, a document by the mutation's name."""

import importlib
import pkgutil

MUTATIONS: dict[str, str] = {}
for _module in pkgutil.iter_modules(__path__):
    MUTATIONS |= getattr(importlib.import_module(f"{__name__}.{_module.name}"), "MUTATIONS", {})
