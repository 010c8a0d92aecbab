"""The operations of support."""

from tests.support.documents.making import mutation

MESSAGE = (
    "message { id body internal author { name staff } attachments { id filename contentType sizeBytes url } }"
)
TICKET = """ticket { id number subject status method createdAt updatedAt bookedCallAt
    account { id } product { code } category { name } owner { id email } assignee { email }
    watchers { id person { email } } survey { rating comment }
    messages { totalCount nodes { body internal } } }"""
_PAYLOAD = f"{TICKET} {MESSAGE}"

MUTATIONS = {
    "createTicket": mutation("createTicket", _PAYLOAD),
    "bookCall": mutation("bookCall", _PAYLOAD),
    "replyToTicket": mutation("replyToTicket", _PAYLOAD),
    "closeTicket": mutation("closeTicket", _PAYLOAD, "TicketActionInput"),
    "reopenTicket": mutation("reopenTicket", _PAYLOAD, "TicketActionInput"),
    "submitTicketSurvey": mutation("submitTicketSurvey", _PAYLOAD),
    "addTicketWatcher": mutation("addTicketWatcher", _PAYLOAD, "TicketWatcherInput"),
    "removeTicketWatcher": mutation("removeTicketWatcher", _PAYLOAD, "TicketWatcherInput"),
    "replyAsStaff": mutation("replyAsStaff", _PAYLOAD),
    "setTicketStatus": mutation("setTicketStatus", _PAYLOAD),
    "assignTicket": mutation("assignTicket", _PAYLOAD),
    "publishArticle": mutation("publishArticle", "article { id title excerpt body url }"),
}
