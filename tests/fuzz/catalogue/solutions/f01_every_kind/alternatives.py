"""No other right answers."""
