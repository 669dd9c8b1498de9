"""The engine `compiled`: a network's training as machine code, emitted through llvmlite, which is imported when it is asked for."""
