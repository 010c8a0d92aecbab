"""What an event says in one English sentence, from its data."""

from typing import Any, Final

from app.models.event import EventActorKind, EventType

_SUMMARIES: Final = {
    EventType.SUBSCRIPTION_REGISTERED: "{actor} registered {name} ({quantity} licences)",
    EventType.SUBSCRIPTION_CHANGED: "{actor} changed {name}",
    EventType.SUBSCRIPTION_RENEWED: "{name} was renewed until {endsOn}",
    EventType.ORDER_PLACED: "{actor} placed order {number} for {name} ({kind}, {quantity} licences)",
    EventType.ORDER_FULFILLED: "Order {number} for {name} took effect ({kind}, {quantity} licences)",
    EventType.ORDER_REJECTED: "{actor} rejected order {number} for {name}",
    EventType.KEY_CREATED: "{actor} made the key {name} ({allocation}, {quota} licences)",
    EventType.KEY_CHANGED: "{actor} changed the key {name}",
    EventType.KEY_DELETED: "{actor} deleted the key {name}",
    EventType.KEY_EXPIRED: "The key {name} has expired",
    EventType.USAGE_THRESHOLD_REACHED: "{name} uses {used} of {quantity} licences: {percentage} % reached",
    EventType.INSTALLATION_ACTIVATED: "{name} was activated with {keyName}",
    EventType.INSTALLATION_DEACTIVATED: "{actor} deactivated {name}",
    EventType.INSTALLATION_BLACKLISTED: "{actor} blacklisted {name} for {keyName}",
    EventType.INSTALLATION_UNBLACKLISTED: "{actor} took {name} off the blacklist",
    EventType.INSTALLATION_EDITED: "{actor} edited {name}",
    EventType.INVITATIONS_PROGRESSED: "{sent} of {total} invitations were mailed",
    EventType.INSTALLATION_MOVED: "{name} moved from {fromKeyName} to {keyName}",
    EventType.TICKET_CREATED: "{actor} opened ticket {number}: {subject}",
    EventType.TICKET_REPLIED: "{actor} {did} ticket {number}",
    EventType.TICKET_STATUS_CHANGED: "{actor} changed ticket {number} to {status}",
    EventType.TICKET_WATCHERS_CHANGED: "{actor} changed who watches ticket {number}",
    EventType.FARM_DEACTIVATED: "{name} {stopped}",
    EventType.FARM_REACTIVATED: "{name} works again",
    EventType.OVERUSE_STARTED: "{name} has {used} {unit} for {limit} licences",
    EventType.OVERUSE_CONTINUES: "{name} still has {used} {unit} for {limit} licences",
    EventType.OVERUSE_GRACE_ENDING: "The grace of {name} ends at {graceEndsAt}",
    EventType.OVERUSE_SUSPENSION_DUE: "{name} has {used} users for {limit} licences and will be suspended",
    EventType.OVERUSE_ENDED: "{name} fits its {limit} licences",
    EventType.MEMBER_INVITED: "{actor} invited {email} to {account}",
    EventType.MEMBER_JOINED: "{name} joined {account}",
    EventType.MEMBER_CHANGED: "{actor} changed {name} in {account}",
    EventType.MEMBER_BLOCKED: "{actor} blocked {name} in {account}",
    EventType.MEMBER_UNBLOCKED: "{actor} unblocked {name} in {account}",
    EventType.MEMBER_REMOVED: "{name} is no longer a member of {account}",
    EventType.KEY_ADMINISTRATION_CHANGED: "{name} {change} the administration of {keyName}",
    EventType.COMPANY_CHANGED: "{actor} changed the profile of {account}",
    EventType.MIGRATION_PROGRESSED: "The move from {source} is at {percent} %: {created} created, {refused} refused",
    EventType.SESSION_REVOKED: "{actor} ended a session",
}
_STOPPED: Final = {
    "ADMINISTRATOR": "was deactivated by {actor}",
    "INSTALLATION": "gave its licence back",
    "KEY_DELETED": "was deactivated: its licence key was deleted",
    "QUOTA_LOWERED": "was deactivated: the quota of its licence key was lowered",
    "OVERUSE": "is suspended: more users than licences after the grace",
    "EXPIRED": "is suspended: its licence has expired",
}
"""Why a farm stopped working, in words."""
_BY_ITSELF: Final = "{name} gave its licence back"
# Jobs have names for operators; readers of the log hear who it was to them.
_SYSTEM: Final = "Lychgate"


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "something"


def summary(type_: str, actor_kind: str, actor_name: str, data: dict[str, Any]) -> str:
    """EVT-6: the sentence of the audit log."""
    pattern = _BY_ITSELF if data.get("byItself") else _SUMMARIES.get(EventType(type_))
    if pattern is None:
        return type_.replace("_", " ").capitalize()
    who = _SYSTEM if actor_name and actor_kind == EventActorKind.SYSTEM else actor_name or "Somebody"
    known = {"unit": "users", **{key: value for key, value in data.items() if value is not None}}
    facts = _Facts({**known, "actor": who})
    facts["stopped"] = _STOPPED.get(data.get("reason", ""), "was deactivated").format_map(facts)
    return pattern.format_map(facts)
