"""The operations of proxy servers and their files."""

from tests.support.documents.making import mutation

_USE = """{ licenseKey { id name used } offline activatedAt lastReportAt maximum managed remaining
    usageHistory { date peak last } }"""
PROXY = f"""id name status pendingChange note product {{ code }} account {{ id }} licenseKey {{ id }} licenseExpiresOn
    appVersion activatedAt lastContactAt
    ... on ProxyServer {{ hostname siteCode siteDescription offlineUse mac {_USE} mobile {_USE} }}"""
_TOLD = "state license licenses validUntil nextCheckInBy overuse { phase }"

MUTATIONS = {
    "activateProxyServer": mutation(
        "activateProxyServer", f"installationToken license installation {{ {PROXY} }}"
    ),
    "reportManagedDevices": mutation("reportManagedDevices", _TOLD),
    "exchangeOfflineFile": mutation("exchangeOfflineFile", f"file filename url proxyServer {{ {PROXY} }}"),
    "setOfflineUse": mutation("setOfflineUse", "subscription { id offlineUse }"),
    "signMdmCertificate": mutation("signMdmCertificate", "file filename"),
}
CHECK_IN = mutation("checkIn", _TOLD)
SHOWN = f"query ($id: ID!) {{ node(id: $id) {{ ... on ProxyServer {{ {PROXY} }} }} }}"
LIST = f"""query ($account: ID!, $filter: InstallationFilter, $order: InstallationOrder, $first: Int, $after: String) {{
    account(id: $account) {{ ... on BusinessAccount {{
        proxyServers(filter: $filter, orderBy: $order, first: $first, after: $after) {{
            totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {PROXY} }} }} }} }} }}"""
OF_KEY = """query ($id: ID!, $filter: InstallationFilter) { node(id: $id) { ... on LicenseKey {
    used available installations(filter: $filter) { totalCount nodes { id name } } } } }"""
RECLAIMABLE = """query ($id: ID!, $days: Int) { node(id: $id) { ... on LicenseSubscription {
    offlineUse reclaimableInstallations(silentDays: $days) { totalCount nodes { id } } } } }"""
CARDS = """query ($id: ID!) { account(id: $id) { productCards { product { code } activeInstallations } } }"""
VALIDATE = """query ($code: String!, $product: ProductCode) { validateKey(code: $code, product: $product) {
    valid error { code path } product { code } issuedOn expiresOn maximum used remaining } }"""
HISTORY = """query ($id: ID!, $from: Date, $to: Date) { node(id: $id) { ... on ProxyServer {
    mac { usageHistory(from: $from, to: $to) { date peak last } } } } }"""
ALERTS = """subscription ($account: ID!) { overuseAlerts(accountId: $account) {
    type summary phase used limit graceEndsAt installation { id name } } }"""
