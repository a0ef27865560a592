"""The ground floor: values and decisions. No I/O, no clock, no thread, no randomness."""
