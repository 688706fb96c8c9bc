"""The examples without their log lines, which no C source has."""
