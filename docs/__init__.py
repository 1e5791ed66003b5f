"""What is written for readers: guides and decisions by hand, ``reference/`` by ``docs.generate``.

Belongs here: text, and the one program that writes the part of it that the code already knows. Never here: code that the command needs.
"""
