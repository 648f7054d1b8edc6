"""What a home holds and what is wrong with it: `memcairn status` and `memcairn doctor`."""
