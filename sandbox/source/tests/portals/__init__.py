"""Drive the admin panel and the customer portal as a person with a browser would."""
