def write_report(options, ledger, run, inputs):
    pass
