"""Settings: their table, config.toml, and the settings of a project."""
