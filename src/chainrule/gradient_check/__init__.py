"""Whether a definition does what it says: its derivatives against measured ones, its value against its formula on paper."""
