"""PDFium's functions that are called for each object and each word of a page.

pypdfium2's own check and convert their arguments and let other threads run, at each of a book's
millions of calls; that takes longer than what PDFium does in them. These check nothing: give them
integers, the pointers that PDFium gave, and structures as `ctypes.byref` objects, made once.
"""

import ctypes
from typing import Any

from pypdfium2 import raw

Handle = Any
"""A pointer to what PDFium owns; the opaque structures of ctypes have no common type."""


def _bare(function: Any, gives: Any = ctypes.c_int) -> Any:
    # A prototype without argument types, and of the kind that keeps the interpreter's lock.
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(gives)(address)


count_objects = _bare(raw.FPDFPage_CountObjects)
object_at = _bare(raw.FPDFPage_GetObject, raw.FPDF_PAGEOBJECT)
form_count_objects = _bare(raw.FPDFFormObj_CountObjects)
form_object_at = _bare(raw.FPDFFormObj_GetObject, raw.FPDF_PAGEOBJECT)

kind_of = _bare(raw.FPDFPageObj_GetType)
bounds_of = _bare(raw.FPDFPageObj_GetBounds)
matrix_of = _bare(raw.FPDFPageObj_GetMatrix)
fill_colour = _bare(raw.FPDFPageObj_GetFillColor)
stroke_colour = _bare(raw.FPDFPageObj_GetStrokeColor)
stroke_width = _bare(raw.FPDFPageObj_GetStrokeWidth)
has_transparency = _bare(raw.FPDFPageObj_HasTransparency)
render_mode = _bare(raw.FPDFTextObj_GetTextRenderMode)
font_size_of = _bare(raw.FPDFTextObj_GetFontSize)

count_marks = _bare(raw.FPDFPageObj_CountMarks)
mark_at = _bare(raw.FPDFPageObj_GetMark, ctypes.c_void_p)
mark_name = _bare(raw.FPDFPageObjMark_GetName)

clip_path = _bare(raw.FPDFPageObj_GetClipPath, raw.FPDF_CLIPPATH)
clip_count_paths = _bare(raw.FPDFClipPath_CountPaths)
clip_count_segments = _bare(raw.FPDFClipPath_CountPathSegments)
clip_start = _bare(raw.FPDFClipPath_GetPathSegment, ctypes.c_void_p)
clip_segment_at = _bare(raw.FPDFClipPath_GetPathSegment, raw.FPDF_PATHSEGMENT)

draw_mode = _bare(raw.FPDFPath_GetDrawMode)
count_segments = _bare(raw.FPDFPath_CountSegments)
segment_at = _bare(raw.FPDFPath_GetPathSegment, raw.FPDF_PATHSEGMENT)
segment_point = _bare(raw.FPDFPathSegment_GetPoint)
segment_kind = _bare(raw.FPDFPathSegment_GetType)
segment_closes = _bare(raw.FPDFPathSegment_GetClose)

char_origin = _bare(raw.FPDFText_GetCharOrigin)
char_box = _bare(raw.FPDFText_GetCharBox)
loose_char_box = _bare(raw.FPDFText_GetLooseCharBox)
char_matrix = _bare(raw.FPDFText_GetMatrix)
char_size = _bare(raw.FPDFText_GetFontSize, ctypes.c_double)
char_font = _bare(raw.FPDFText_GetFontInfo)
char_object = _bare(raw.FPDFText_GetTextObject, ctypes.c_void_p)
is_generated = _bare(raw.FPDFText_IsGenerated)
