"""The messages of version 2 of the API."""
