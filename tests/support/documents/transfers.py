"""The operations of moves from legacy portals."""

from tests.support.documents.making import mutation

RUN = """id source state dryRun windowOpensAt windowClosesAt rowsRead created unchanged refused percent failure
    finishedAt undoneAt reportUrl"""
_SUBSCRIPTION = """subscription { id name kind status quantity notForResale autoRenew channel activatedOn expiresOn
    maintenanceExpiresOn account { id name } primaryKey { id code quota legacyCode }
    legacy { source legacyId code flags } orders { kind status quantity } }"""

MUTATIONS = {
    "startMigration": mutation("startMigration", f"migration {{ {RUN} }}"),
    "undoMigration": mutation("undoMigration", f"migration {{ {RUN} }}"),
    "exchangeLegacyKey": mutation("exchangeLegacyKey", f"account {{ id name }} {_SUBSCRIPTION}"),
    "renewMigratedSubscription": mutation("renewMigratedSubscription", _SUBSCRIPTION),
}
RUNS = f"{{ staff {{ migrations {{ {RUN} }} }} }}"
RUN_QUERY = f"query ($id: ID!) {{ node(id: $id) {{ ... on Migration {{ {RUN} }} }} }}"
MOVED = f"""{{ viewer {{ accounts(first: 5) {{ nodes {{ id name ... on BusinessAccount {{
    company {{ name street city country state zip phone }} legacy {{ source legacyId }}
    viewerMembership {{ role status }}
    subscriptions(first: 20, orderBy: {{field: QUANTITY}}) {{ nodes {{ {_SUBSCRIPTION[15:-1]} }} }} }} }} }} }} }}"""
FOUND = """query ($account: ID!, $search: String!) { account(id: $account) { ... on BusinessAccount {
    licenseKeys(filter: {search: $search}) { nodes { id legacyCode } } } } }"""
PROGRESS = """subscription { viewerEvents { type summary
    ... on GeneralEvent { data subject { ... on Migration { id } } } } }"""
