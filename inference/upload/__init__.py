"""From untrusted bytes to a decoded picture."""
