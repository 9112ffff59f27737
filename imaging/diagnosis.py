"""placeholder, filled next"""
STAGES = ("denoise", "deblur", "jpeg", "low-light", "exposure", "old-photo")


def diagnose(page): return {}


def decide(measured): return ()
