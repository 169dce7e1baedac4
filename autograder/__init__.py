"""The engine that judges answers. It knows no single assignment."""
