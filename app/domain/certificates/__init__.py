"""Certificates for device management: what Apple's push-certificate portal takes (PXY-7)."""
