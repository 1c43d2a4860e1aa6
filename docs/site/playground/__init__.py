"""The playground: lrspec in a browser. `build.py` builds it; `engine.mjs` is what its page calls."""
