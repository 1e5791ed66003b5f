"""The command as people and programs meet it: its text, its JSON, its exit codes."""
