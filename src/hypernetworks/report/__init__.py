"""Records of runs and what is drawn from them; imports no sibling package and never torch.

Modules:
    records        the record of a run: schema, reading, writing, what may stand beside the paper
    provenance     state of the sources, versions, machine, hash of a configuration
    protocol       the paper's tables and figures, read from experiments/
    aggregate      the records of one row: which count; mean, standard deviation, n
    tables         a table's cells and notes, for the terminal and for markdown
    published      TABLES.md and INDEX.md from the published records, and their check
    publish        copies runs among the published records
    figures        figures, from the arrays that runs leave beside their records
    cli            python -m hypernetworks.report
"""
