"""The report as one page of HTML that needs nothing beside itself: `make report`.

It is a function of the records, of `experiments/` and of what draws them: no dates, no order of
files on a disk, nothing of the machine that writes it.

Modules:
    grids      the tables of numbers in cells, each number with its link
    origins    where a number comes from: the runs behind it, and what repeats them
    plots      curves of a table's runs
    pictures   figures, as images and texts within the page
    parts      what the page says of one table
    judged     the claims with their verdicts
    found      what was found, in sentences
    render     all of it in the template, page.html, with style.css
"""

from hypernetworks.report.page.render import write_page as write_page
