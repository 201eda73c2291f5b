"""What the program gave when its results last changed on purpose; `python -m tests.baseline.renew` renews it."""
