"""What the background does, a file a job."""
