"""What a network is trained to do: its loss and its predictions."""
