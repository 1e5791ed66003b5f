"""Images built for real, in namespaces of their own."""
