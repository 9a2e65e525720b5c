"""What goes on paper: data in, PDF out."""
