"""The notebooks as they are stored, for the tests of all of them."""

from pathlib import Path

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
COURSE = [path for path in NOTEBOOKS if path.stem[:2].isdecimal()]  # the others are pages, without exercises


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
