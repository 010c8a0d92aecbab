"""Root Query and Mutation fields, a file a noun: parse, one domain call, wrap."""
