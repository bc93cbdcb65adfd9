"""What runs the rooms below as one application: serving, learning as records arrive, imports."""
