"""What measures predictions: metrics, each one idea a file."""
