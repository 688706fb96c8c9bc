"""The typed IR: types, operations, builder, printer. It imports no other room of the compiler."""
