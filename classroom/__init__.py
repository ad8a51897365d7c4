"""What `course.py` calls beside JupyterLab and pytest: the commands that work on the notebooks as files.

    listing     which notebooks there are
    tables      what README.md and notebook 00 say of them
    published   where the course is published
    cells       what a cell of a notebook is for
    folders     folders that a command is given, and that it writes
    present     a notebook in class, as large as the screen allows
    site        the course as web pages, without a kernel
    mark        runs returned notebooks, and writes who has passed what
    student     the course without answers, and as the source of nbgrader's assignments
    notebook    everything about one notebook: its tests, or a skeleton for a new one
    skeleton    the files of a new notebook
    lab         the JupyterLab and the Chromium that tests and benchmarks start

These modules may start processes; `pgcourse` never does, and it never imports them.
"""
