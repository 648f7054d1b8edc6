"""Settings: the table of them, config.toml, and what a project says about itself."""
