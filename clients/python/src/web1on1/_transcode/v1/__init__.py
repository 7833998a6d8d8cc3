"""Options of the protos."""
