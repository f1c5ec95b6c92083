"""Complete image networks, a family to a file."""
