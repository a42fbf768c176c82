"""What every replication shares: claims, measurements, the judge, provenance, figures, the notebook stage."""
