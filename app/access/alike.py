"""Actors that are equal become one: thousands of websockets remember who they belong to, and with which rights."""

from typing import Final
from weakref import WeakKeyDictionary, ref

from app.access.actor import Actor

_KNOWN: Final[WeakKeyDictionary[Actor, ref[Actor]]] = WeakKeyDictionary()


def one_of(actor: Actor) -> Actor:
    """An equal actor that somebody else holds already, or this one."""
    known = _KNOWN.get(actor)
    found = None if known is None else known()
    if found is None:
        _KNOWN[actor] = ref(actor)
        return actor
    return found
