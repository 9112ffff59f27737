def estimate(options, tasks, factory):
    return []
