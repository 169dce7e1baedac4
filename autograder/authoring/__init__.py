"""From an author's files to what is released: stubs, notebooks, assignments' proof."""
