"""The monitor as a service: no screen, one configuration file, an init system above it."""
