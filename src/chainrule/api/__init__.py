"""What people call, and the many ways in which they say which network, which rows and which settings."""
