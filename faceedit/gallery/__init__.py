"""The page that shows a run: `report.html`, and the small pictures beside it in `.report-files`.

`thumbnails` and `withheld` make the small pictures while a photo is at hand, `write_gallery` the page when all photos
are done. `preview` is a photo before and after, for a look before a run.
The page is one file with its style and script inside and loads nothing from anywhere but the run's own files.
"""

from faceedit.gallery.page import PAGE, write_gallery
from faceedit.gallery.preview import preview
from faceedit.gallery.thumbnails import FOLDER, Thumbnails, thumbnails, withheld

__all__ = ["FOLDER", "PAGE", "Thumbnails", "preview", "thumbnails", "withheld", "write_gallery"]
