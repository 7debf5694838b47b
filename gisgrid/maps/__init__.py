"""Room `maps`: data in, HTML out."""
