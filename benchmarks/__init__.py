"""The same programs in Python and in C: instructions, nanoseconds per packet, start-up."""
