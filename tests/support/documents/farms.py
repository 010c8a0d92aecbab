"""The operations of farms."""

from tests.support.documents.making import mutation
from tests.support.documents.story import OVERUSE, TOLD

_FARM = f"""id name status pendingChange note account {{ id }} licenseKey {{ id used movesLeft }}
    ... on Farm {{ serverId currentUsage peakUsage limit lastReportAt {OVERUSE} }}"""

MUTATIONS = {
    "activateFarm": mutation("activateFarm", f"installationToken license installation {{ {_FARM} }}"),
    "reportFarmUsage": mutation("reportFarmUsage", TOLD),
    "startTrial": mutation(
        "startTrial",
        """account { id name } subscription { id kind status quantity expiresOn autoRenew product { code }
            primaryKey { id code quota } orders { kind status quantity } }""",
    ),
    "resetMoves": mutation("resetMoves", "licenseKey { id movesLeft } deactivated { id }"),
}
FARM = f"query ($id: ID!) {{ node(id: $id) {{ ... on Farm {{ {_FARM} }} }} }}"
HISTORY = """query ($id: ID!, $from: Date, $to: Date, $first: Int) { node(id: $id) { ... on Farm {
    usageHistory(from: $from, to: $to) { date peak last } recentReports(first: $first) { at users } } } }"""
LIST = """query ($account: ID!, $filter: InstallationFilter, $order: InstallationOrder) {
    account(id: $account) { ... on BusinessAccount {
        farms(filter: $filter, orderBy: $order) { totalCount nodes { id name currentUsage note } } } } }"""
ALERTS = """subscription ($account: ID!, $after: Cursor) { overuseAlerts(accountId: $account, after: $after) {
    sequence type summary phase used limit graceEndsAt suspensionDueFrom suspensionDueBy
    installation { id name } } }"""
DEACTIVATIONS = """subscription ($account: ID!, $farm: ID) {
    farmDeactivations(accountId: $account, farmId: $farm) { type reason summary farm { id name } } }"""
EVENTS = """subscription ($account: ID!, $types: [EventType!]) {
    accountEvents(accountId: $account, types: $types) { type actor { kind name }
        ... on FarmDeactivated { reason farm { id } } ... on OveruseAlert { phase used limit graceEndsAt }
        ... on GeneralEvent { subject { id } data } } }"""
