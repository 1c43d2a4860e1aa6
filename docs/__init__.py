"""The pages; `docs.site` builds the site from them."""
