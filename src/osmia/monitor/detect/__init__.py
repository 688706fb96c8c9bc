"""Rules that turn what the kernel counted into alerts. They read no clock of their own."""
