// Places in the text: lrspec counts characters (code points), the editor UTF-16 units.

/** The editor's offset of a line and a column, both from 1. */
export function offsetOf(doc, line, column) {
  const { from, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return from + [...text].slice(0, column - 1).join("").length;
}

/** The editor's range of what has a line, column, end_line and end_column: a diagnostic or a suggestion. */
export function rangeOf(doc, place) {
  if (!place.line) return { from: 0, to: 0 };
  const from = offsetOf(doc, place.line, place.column);
  return { from, to: Math.max(from, offsetOf(doc, place.end_line, place.end_column)) };
}
