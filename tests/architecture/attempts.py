"""Each mutation as somebody who has no right to it would call it, with somebody else's IDs.

The input is made from the schema: every required field, and every ID whether required or not. So a
new mutation is attempted without a line here; a line says what the schema can't.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)

from tests.support.world import World

# Needs no sign-in: what the API says to one who has no password, link, key or installation token.
# None: anybody may.
OPEN: dict[str, str | None] = {
    "acceptMembershipInvitation": "LINK_INVALID",
    "activateComputer": "KEY_UNKNOWN",
    "activateFarm": "KEY_UNKNOWN",
    "activateProxyServer": "KEY_UNKNOWN",
    "checkIn": "INVALID_CREDENTIALS",
    "completeTwoFactor": "INVALID_CREDENTIALS",
    "confirmEmail": "LINK_INVALID",
    "deactivateSelf": "INVALID_CREDENTIALS",
    "renewMigratedSubscription": "LINK_INVALID",
    "reportFarmUsage": "INVALID_CREDENTIALS",
    "reportManagedDevices": "INVALID_CREDENTIALS",
    "requestEmailConfirmation": None,
    "requestPasswordReset": None,
    "resetPassword": "LINK_INVALID",
    "signIn": "INVALID_CREDENTIALS",
    "signUp": None,
}
# Changes what is the asking person's own and takes no ID: there is nothing of others to reach for.
# (createAccessToken takes accounts, which every member may name: tests/identity/test_access_tokens.py. So does
# leaveAccount, which every member may: tests/members/test_manage.py.)
OWN = (
    "beginTwoFactorSetup",
    "changeEmail",
    "changePassword",
    "confirmTwoFactorSetup",
    "createAccessToken",
    "disableTwoFactor",
    "leaveAccount",
    "regenerateRescueCodes",
    "revokeOtherSessions",
    "setUnwantedMails",
    "signOut",
    "updateProfile",
)

# Takes no ID, and is for the vendor's people alone.
STAFF = ("publishRelease", "startMigration")

# The type of an ID by the field's name (of one mutation: `mutation.name`), where that isn't the type's own.
ID_TYPES = {
    "accountId": "BusinessAccount",
    "actorPersonId": "Person",
    "categoryId": "SupportCategory",
    "deliveryId": "WebhookDelivery",
    "installationId": "Computer",
    "invitationId": "MembershipInvitation",
    "revokeInstallInvitations.invitationId": "InstallInvitation",
    "representingAccountId": "BusinessAccount",
    "resellerAccountId": "BusinessAccount",
    "subcategoryId": "SupportSubcategory",
    "subscriptionId": "LicenseSubscription",
    "watcherId": "Membership",
    "webhookId": "WebhookEndpoint",
}
# What a field is given, by its name (of one mutation: `mutation.name`), where any text won't do. SPARE_KEY
# is the code of a key that was issued and not registered.
SPARE_KEY = object()
VALUES: dict[str, Any] = {
    "activateComputer.keyCode": "LYC-00000-00000-00000-00000-00000",
    "createWebhook.url": "https://hooks.example/",
    "activateFarm.keyCode": "LYC-00000-00000-00000-00000-00000",
    "activateProxyServer.keyCode": "LYC-00000-00000-00000-00000-00000",
    "email": "somebody@example.com",
    "password": "wonderful-Kettle-42",
    "registerKey.code": SPARE_KEY,
    "reportFarmUsage.users": 1,
    "reportManagedDevices.mac": 1,
    "signIn.password": "another-Kettle-43",
    "startTrial.product": "RAS",
}
PLAIN: Mapping[str, Any] = {
    "Boolean": True,
    "Date": "2027-01-31",
    "DateTime": "2027-01-31T09:30:00Z",
    "Int": 1,
    "String": "text",
    # A file: the portal sends it in a part of its own.
    "Upload": b"text",
}


class Attempts:
    """Inputs of every mutation of a schema, full of one company's IDs."""

    def __init__(self, schema: GraphQLSchema, world: World) -> None:
        self._world = world
        self._mutations = schema.mutation_type.fields if schema.mutation_type else {}

    async def all(self) -> AsyncIterator[tuple[str, str, dict[str, Any], bool]]:
        """Name, document, variables, and whether an ID of others is in them."""
        for name, field in self._mutations.items():
            argument = field.args.get("input")
            if argument is None:
                yield name, f"mutation {{ {name} {{ errors {{ code path }} }} }}", {}, False
                continue
            document = (
                f"mutation ($input: {argument.type}) {{ {name}(input: $input) {{ errors {{ code path }} }} }}"
            )
            type_: Any = get_named_type(argument.type)
            given = await self._object(name, type_)
            yield name, document, {"input": given}, _has_ids(type_)

    async def _object(self, mutation: str, type_: GraphQLInputObjectType) -> dict[str, Any]:
        given = {}
        for name, field in type_.fields.items():
            wanted = f"{mutation}.{name}" in VALUES or is_non_null_type(field.type)
            if wanted or get_named_type(field.type).name == "ID":
                given[name] = await self._value(mutation, name, field.type)
        return given

    async def _value(self, mutation: str, name: str, type_: Any) -> Any:
        for known in (f"{mutation}.{name}", name):
            if known in VALUES:
                return self._world.spare_code if VALUES[known] is SPARE_KEY else VALUES[known]
        plain, named = get_nullable_type(type_), get_named_type(type_)
        if is_input_object_type(named):
            value: Any = await self._object(mutation, named)
        elif is_enum_type(named):
            value = next(iter(named.values))
        elif named.name == "ID":
            value = await self._world.id_of(id_type(mutation, name))
        else:
            value = PLAIN[named.name]
        return [value] if is_list_type(plain) else value


def id_type(mutation: str, name: str) -> str:
    """The type of an ID by the field that takes it."""
    one = name.removesuffix("s")
    usual = ID_TYPES.get(one, one[0].upper() + one.removesuffix("Id")[1:])
    return ID_TYPES.get(f"{mutation}.{one}", usual)


def _has_ids(type_: GraphQLInputObjectType) -> bool:
    return any(get_named_type(field.type).name == "ID" for field in type_.fields.values())
