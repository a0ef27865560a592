"""The physical reference: the same rows on the same disk by the raw driver, without an engine's semantics."""
