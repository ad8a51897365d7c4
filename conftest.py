"""The course's own tests are nobody's progress: no kernel that they start records any."""

import os

os.environ["PGCOURSE_PROGRESS"] = "off"
