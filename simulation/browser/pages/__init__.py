"""The pages: one patient, twins, results, many patients, guide."""
