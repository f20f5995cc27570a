/// Finds the pixels that the windows of one output row span, for convolutions whose channels do not
/// mix.
struct DepthwiseRows: Sendable {
  let geometry: ConvolutionGeometry

  init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }

  /// Input columns that the windows of one output row span, those outside included.
  var spannedColumns: Int {
    max(geometry.outputWidth - 1, 0) * geometry.strideWidth
      + (geometry.kernelWidth - 1) * geometry.dilationWidth + 1
  }

  /// Working memory for the pointers of one row.
  var byteCount: Int { roundedUp(spannedColumns * geometry.kernelHeight * 8, to: 64) }

  /// Points to the pixels under output row `y`, `spannedColumns` for each kernel row that lies over
  /// the image.
  /// - `zeros`: a pixel of zeros, for what lies outside.
  /// - Returns: those kernel rows.
  func point(
    _ y: Int, of image: UnsafePointer<Float>, zeros: UnsafePointer<Float>,
    into pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) -> Range<Int> {
    let kernelRows = insideKernelRows(y)
    let top = y * geometry.strideHeight - geometry.padTop
    for (index, kernelRow) in kernelRows.enumerated() {
      let row = top + kernelRow * geometry.dilationHeight
      let line = image + row * geometry.inputWidth * geometry.inputChannels
      let places = pointers + index * spannedColumns
      for column in 0..<spannedColumns {
        let place = column &- geometry.padLeft
        let isInside = place >= 0 && place < geometry.inputWidth
        places[column] = isInside ? line + place &* geometry.inputChannels : zeros
      }
    }
    return kernelRows
  }

  /// The kernel rows that lie over the image.
  private func insideKernelRows(_ y: Int) -> Range<Int> {
    let top = y * geometry.strideHeight - geometry.padTop
    let dilation = geometry.dilationHeight
    let first = top >= 0 ? 0 : (-top + dilation - 1) / dilation
    let room = geometry.inputHeight - top
    let end = room <= 0 ? 0 : min(geometry.kernelHeight, (room + dilation - 1) / dilation)
    return min(first, geometry.kernelHeight)..<max(min(first, geometry.kernelHeight), end)
  }
}
