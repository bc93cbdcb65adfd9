"""HTTP: requests to calls, results and errors to answers. Nothing but translation."""
