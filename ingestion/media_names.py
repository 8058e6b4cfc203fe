"""What people call a media type, for messages to them."""

# Spelt out, as `ingestion.media` cannot be asked: what it imports raises errors that use these.
_NAMES = {
    "application/pdf": "PDF file",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX file",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX file",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX file",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "XLSB file",
    "application/msword": "DOC file",
    "application/vnd.ms-powerpoint": "PPT file",
    "application/vnd.ms-excel": "XLS file",
    "application/vnd.ms-outlook": "Outlook message",
    "application/x-ole-storage": "OLE compound file",
    "application/encrypted": "locked Office file",
    "application/epub+zip": "EPUB file",
    "application/vnd.oasis.opendocument.text": "ODT file",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS file",
    "application/vnd.oasis.opendocument.presentation": "ODP file",
    "application/ofd": "OFD file",
    "application/vnd.apple.iwork": "Apple iWork file",
    "application/zip": "ZIP archive",
    "application/rtf": "RTF file",
    "application/xml": "Office XML file",
    "application/vnd.ms-htmlhelp": "Windows help file",
    "application/x-mobi": "Kindle book",
    "application/postscript": "PostScript file",
    "application/gzip": "GZIP archive",
    "application/x-bzip2": "BZIP2 archive",
    "application/x-xz": "XZ archive",
    "application/zstd": "Zstandard archive",
    "application/x-7z-compressed": "7-Zip archive",
    "application/vnd.rar": "RAR archive",
    "application/x-tar": "TAR archive",
    "application/x-executable": "program",
    "application/vnd.sqlite3": "SQLite database",
    "application/ogg": "Ogg recording",
    "application/x-riff": "RIFF recording",
    "application/octet-stream": "file of an unknown kind",
    "message/rfc822": "e-mail message",
    "text/html": "HTML file",
    "text/markdown": "Markdown file",
    "text/csv": "CSV file",
    "text/plain": "plain text file",
    "image/png": "PNG image",
    "image/jpeg": "JPEG image",
    "image/jp2": "JPEG 2000 image",
    "image/gif": "GIF image",
    "image/tiff": "TIFF image",
    "image/webp": "WebP image",
    "image/bmp": "BMP image",
    "image/heic": "HEIC image",
    "image/avif": "AVIF image",
    "image/x-icon": "icon",
    "image/vnd.adobe.photoshop": "Photoshop image",
    "image/vnd.djvu": "DjVu file",
    "audio/flac": "FLAC recording",
    "audio/mpeg": "MP3 recording",
    "audio/mp4": "M4A recording",
    "audio/wav": "WAV recording",
    "video/mp4": "MP4 video",
    "video/x-matroska": "Matroska video",
    "video/x-msvideo": "AVI video",
}


def plain_name(media_type: str) -> str:
    """Return what one file of that type is called: "ZIP archive".

    Where none is known, and for what is no media type at all, it is what was given.
    """
    return _NAMES.get(media_type, media_type)


def plain_names(media_type: str) -> str:
    """Return what files of that type are called: "ZIP archives"; else what was given."""
    first, *more = plain_name(media_type).split(" of ")
    return " of ".join((f"{first}s", *more)) if media_type in _NAMES else media_type
