"""`python -m labkit` is the command `labkit`."""

from labkit.course.cli import main

if __name__ == "__main__":
    main()
