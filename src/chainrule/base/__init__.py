"""What every part stands on and nothing of the subject: errors, files, frozen data, and the door by which objects show themselves."""
