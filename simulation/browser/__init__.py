"""The page in the browser: watch and steer one patient, compare twins, look into results (docs/browser.md)."""
