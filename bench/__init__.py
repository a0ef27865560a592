"""What theflow can do, measured beside what the disk and the driver can do: `python -m bench WORKLOAD`."""
