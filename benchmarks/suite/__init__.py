"""What runs the cells, checks them and writes the tables."""
