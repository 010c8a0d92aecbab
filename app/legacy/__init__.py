"""One adapter a legacy portal: read, translate, call the domain."""
