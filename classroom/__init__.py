"""What `course.py` calls beside JupyterLab and pytest: the commands that work on the notebooks as files.

    listing     which notebooks there are, and the tables that name them
    notebook    everything about one notebook: its tests, or a skeleton for a new one

These modules may start processes; `pgcourse` never does, and it never imports them.
"""
