"""Block and allow lists: rules, what guards against a mistake, the file they are kept in."""
