"""Where lrspec is at home: its repository, its site, and the page of a diagnostic there."""

REPOSITORY = "https://URL-OF-THIS-REPOSITORY"
SITE = "https://URL-OF-THIS-SITE"


def of_code(code: str) -> str:
    """The page of the diagnostic `code`, such as `LRS201`."""
    return f"{SITE}/diagnostics/{code}/"
