"""Several processes that compute together: who they are, how they are recognised, and the one function by which they talk."""
