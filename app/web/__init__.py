"""HTTP around GraphQL: who asks, request IDs, headers, health, published keys, the pages behind mailed links."""
