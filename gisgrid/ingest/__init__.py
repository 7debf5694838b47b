"""Room `ingest`: a file becomes a layer and findings; writes nothing."""
