"""Measures speed as ratios against baselines taken in the same run; `python -m benchmarks` prints and writes them."""
