"""Records of runs and what is drawn from them; imports no sibling package and never torch.

The modules:

    records        the record of a run: reading, writing, what may stand beside the paper
    validation     what a record must be: its schema, and what a schema cannot say
    upgrade        records of version 1 in the form of version 2
    provenance     state of the sources, versions, machine, hash of a configuration
    folders        how the tables' folders in experiments/ are called, and their order
    protocol       tables and figures, the paper's and ours, read from experiments/ with keys
    custom         tables of the user's own, from their records alone
    aggregate      the records of one row: which count; mean, standard deviation, n
    columns        the numbers of one tree of records, in cells
    tables, notes  a table beside the paper's, for the terminal and for markdown; its lines of text
    sweeps         what a sweep of one's own ends with
    pages          TABLES.md and INDEX.md
    differences    rows against each other: paired differences, the paper's order
    figure_numbers what figures show, in numbers
    claims         the paper's claims as data, read from experiments/
    quantities     what a claim is about: a metric, parameters, what a figure shows
    intervals      what n values say of their mean
    verdicts       what the records say of each claim
    claims_table   the verdicts in words
    results_page   the generated parts of README.md and docs/results.md
    checksums      SHA256SUMS of the published files
    published      writes all pages from the published records, and checks them
    publish        copies runs among the published records
    figures        figures, from the arrays that runs leave beside their records
    drawings       a module for each kind of drawing; panels and mosaics are what they share
    page           all of it as one page of HTML
    drawn          holds the committed figures to the published records
    terminal       output to pipes, and to terminals of ASCII
    usage          command lines whose mistakes are one line
    cli            the commands report, table, claims, publish, index, check
"""
