"""How many patients a real trial would need: power of randomised, unpaired trials, by drawing from stored runs."""
