"""What every part stands on and nothing of the subject: errors, files, inert nodes, and the door by which objects show themselves."""
