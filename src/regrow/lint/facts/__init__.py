"""What files say: who owns a task, what sleeps, which classes are processes. Rules and fixes ask them."""
