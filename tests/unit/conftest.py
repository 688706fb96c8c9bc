"""No test asserts a time: the machine may be busy."""

from hypothesis import settings

settings.register_profile("osmia", deadline=None)
settings.load_profile("osmia")
