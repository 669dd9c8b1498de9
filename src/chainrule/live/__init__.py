"""The live page where Python is: served to a browser, or shown in a notebook; what it asks, and how it is answered."""
