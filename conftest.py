"""The course's own tests are nobody's progress, and a busy machine changes no verdict, in kernels, too."""

import os

os.environ["PGCOURSE_PROGRESS"] = "off"
os.environ["PGCOURSE_PATIENCE"] = "60"
