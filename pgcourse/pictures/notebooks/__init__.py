"""Pictures that one notebook alone uses; a module's name begins with the notebook's number."""
