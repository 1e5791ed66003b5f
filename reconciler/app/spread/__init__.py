"""Images on hosts.

Belongs here: trying an image in a throw-away container, spreading it to every host, and taking away what nothing needs. Never here: how
an image is built.
"""
