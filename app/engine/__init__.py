"""GraphQL machinery that knows no noun: transports, limits, errors, declared fields, connections."""
