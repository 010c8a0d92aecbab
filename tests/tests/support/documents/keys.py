"""Operations on orders, thresholds and additional keys."""

from tests.support.documents.making import mutation

KEY = (
    """id name kind allocation quota used available status code expiresOn renewsWithSubscription movesLeft"""
)
USAGE = "usage { total reserved pool used available }"
SUBSCRIPTION = f"""id name kind status quantity autoRenew expiresOn maintenanceExpiresOn usageThresholds {USAGE}
    orders {{ id number kind status quantity channel placedAt fulfilledAt note }}"""
_KEY_DONE = f"licenseKey {{ {KEY} subscription {{ id {USAGE} }} }} deactivated {{ id name status }}"
_ORDER = f"order {{ id number kind status quantity note fulfilledAt }} subscription {{ {SUBSCRIPTION} }}"

MUTATIONS = {
    "setAutoRenew": mutation("setAutoRenew", f"subscription {{ {SUBSCRIPTION} }}"),
    "setUsageThresholds": mutation("setUsageThresholds", f"subscription {{ {SUBSCRIPTION} }}"),
    "placeOrder": mutation("placeOrder", _ORDER),
    "fulfillOrder": mutation("fulfillOrder", _ORDER, "DecideOrderInput"),
    "rejectOrder": mutation("rejectOrder", _ORDER, "DecideOrderInput"),
    "createLicenseKey": mutation("createLicenseKey", _KEY_DONE),
    "updateLicenseKey": mutation("updateLicenseKey", _KEY_DONE),
    "deleteLicenseKey": mutation(
        "deleteLicenseKey", f"subscription {{ id {USAGE} }} deactivated {{ id name status }}"
    ),
}
SUBSCRIPTION_QUERY = f"""query ($id: ID!) {{ node(id: $id) {{ ... on LicenseSubscription {{ {SUBSCRIPTION}
    renewalAdvice {{ peakUsed since suggestedQuantity }}
    keys {{ nodes {{ {KEY} }} totalCount }} }} }} }}"""
KEY_QUERY = f"query ($id: ID!) {{ node(id: $id) {{ ... on LicenseKey {{ {KEY} }} }} }}"
EVENTS_QUERY = """query ($id: ID!, $types: [EventType!]) { node(id: $id) { ... on BusinessAccount {
    events(filter: {types: $types}) { nodes { type summary ... on GeneralEvent { data } } } } } }"""
