"""Which network of which library each of ours is compared with: one module a family, found by its place."""
