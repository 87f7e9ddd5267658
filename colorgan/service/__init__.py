"""A service that colors photographs over HTTP, its page, and the watch over a folder."""
