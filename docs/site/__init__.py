"""What builds the site from the pages: the command, the hooks of mkdocs, and the pages that are not files of docs."""
