"""The operations of mails."""

from tests.support.documents.making import mutation

MUTATIONS = {
    "setUnwantedMails": mutation("setUnwantedMails", "viewer { unwantedMails }"),
    "resendMail": mutation("resendMail", "mailId"),
}
FAILED = """query ($first: Int, $after: String) { staff { failedMails(first: $first, after: $after) {
    totalCount nodes { id kind recipient attempts lastError createdAt } } } }"""
UNWANTED = "{ viewer { unwantedMails } }"
