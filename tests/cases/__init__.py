"""Tables of cases in YAML, a folder a subject, and the one loader that reads them."""
