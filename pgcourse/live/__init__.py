"""What moves in the browser, and knows nothing of the course.

figure       LiveFigure: a matplotlib figure whose animated artists move
artists      what may move in it, and how each kind looks to the browser
drawn        its background, drawn once
again        a cell that is run again replaces its pictures
png          a picture as a file, in a hurry
ahead        pictures made before they are asked for
explorer     Explorer: controls → compute → picture
layout       where its widgets stand
dragging     points that the reader drags
controls     the values of a view, in widgets and plain
running      long work in small steps
interrupts   where the work is done, so that an interrupt ends it
scenes       the buttons of named scenes
errors       an error in the reader's words
keys         the values of a picture as one text
ranges       what a reader can bring a view to
recording    all pictures of a view, for where there is no kernel
"""

from pgcourse.live.explorer import Explorer
from pgcourse.live.figure import LiveFigure

__all__ = ["Explorer", "LiveFigure"]
