"""Crawl open-access art and photographs: rights per image, manners per host, originals verbatim, nothing lost."""

__version__ = "0.1.0"
