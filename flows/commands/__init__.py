"""The `facefoundry` program's commands, a group a file; `flows.command_line` puts them together."""
