"""What one test has for itself: names, a System, processes that end with it, and global state."""
