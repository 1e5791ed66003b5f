"""What people and programs read: the only code that formats.

Belongs here: values to lines of text, values to JSON, live progress. Never here: asking hosts, deciding, options of a command.
"""
