"""Where bytes lie: one client (obstore) for a folder and for a bucket."""
