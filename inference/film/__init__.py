"""Find the film in a photograph of it, and measure how damaged the picture is."""
