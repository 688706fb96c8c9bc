"""What a user sets: flags over environment over file, from one table of settings."""

from osmia.monitor.configuration import settings
from osmia.monitor.configuration.load import Configuration, default_configuration, load_configuration

__all__ = ["Configuration", "default_configuration", "load_configuration", "settings"]
