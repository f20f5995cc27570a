/// Something that draws itself into an area, whatever its size, and nowhere else.
package protocol Widget {
  func render(in area: Rect, to buffer: inout CellBuffer)
}
