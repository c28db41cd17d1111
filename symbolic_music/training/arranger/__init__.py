"""The arranger: from a style sheet, a key, a form and perhaps a lead sheet to a labelled multi-track piece."""

from symbolic_music.training.arranger.arrange import Arrangement, arrange
from symbolic_music.training.arranger.lead import Lead, read_lead
from symbolic_music.training.arranger.sheets import Sheet, arrangeable, read_sheet, sheet

__all__ = ["Arrangement", "Lead", "Sheet", "arrange", "arrangeable", "read_lead", "read_sheet", "sheet"]
