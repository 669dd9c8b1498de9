"""Compiled functions at run time: found or compiled, kept on the disk, called by several threads, with the state in their memory."""
