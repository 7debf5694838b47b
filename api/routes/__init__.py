"""One noun per file; a route calls one workflow verb or one store read."""
