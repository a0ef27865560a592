"""`python -m theflow` is the command `theflow`."""

from theflow.cli import main

if __name__ == "__main__":
    main()
