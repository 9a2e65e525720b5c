"""From untrusted bytes to a decoded grey picture."""
