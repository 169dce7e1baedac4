"""Where the engine meets nbgrader. The only subpackage that imports nbgrader."""
