"""What tests are made of: files, kernels and networks as data."""
