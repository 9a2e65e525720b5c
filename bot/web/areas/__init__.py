"""Areas of the web app, the desk and a patient's page: what their pages have in common."""
