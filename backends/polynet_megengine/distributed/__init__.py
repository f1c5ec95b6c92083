"""MegEngine's part in training by several processes: its own `distributed` on GPUs, torch's gloo on a CPU."""
