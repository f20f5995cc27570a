"""What Benchmarks/peers.py is made of."""
