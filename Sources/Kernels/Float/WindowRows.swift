/// Finds the pixels under the windows of a convolution.
///
/// Usually there is one pointer per tap and output pixel. Where pixels are small and lie side by
/// side, a whole kernel row of them is one run; runs that reach over the border are copied.
struct WindowRows {
  let geometry: ConvolutionGeometry
  /// Whether the taps of a kernel row are one run.
  let joinsColumns: Bool
  /// Pointers per output pixel.
  let taps: Int
  /// Values behind one pointer.
  let channels: Int
  /// Values of a window that the one beside it does not have.
  let fresh: Int
  private let mostRows: Int
  private let pointerByteCount: Int

  /// Runs of up to so many values are worth joining.
  private static let mostJoined = 64

  /// - `mostRows`: output pixels that one table is for; by default as many as a block has.
  init(_ geometry: ConvolutionGeometry, mostRows: Int? = nil) {
    self.geometry = geometry
    let run = geometry.kernelWidth * geometry.inputChannels
    joinsColumns =
      geometry.groups == 1 && geometry.dilationWidth == 1 && geometry.kernelWidth > 1
      && run <= Self.mostJoined
    taps = joinsColumns ? geometry.kernelHeight : geometry.kernelHeight * geometry.kernelWidth
    channels = joinsColumns ? run : geometry.inputChannelsPerGroup
    fresh =
      geometry.inputChannelsPerGroup * min(geometry.strideHeight, geometry.kernelHeight)
      * min(geometry.strideWidth, geometry.kernelWidth)
    self.mostRows =
      mostRows
      ?? BlockPlan.mostRows(fresh: fresh, columns: geometry.outputChannelsPerGroup, taps: taps)
    pointerByteCount = roundedUp(self.mostRows * taps * 8, to: 64)
  }

  /// Scratch memory for one thread.
  var byteCount: Int {
    pointerByteCount + (joinsColumns ? roundedUp(mostRows * taps * channels * 4, to: 64) : 0)
  }

  /// Points to what lies under the output pixels `pixels` of an image.
  /// - `zeros`: `kernelWidth * inputChannelsPerGroup` zeros, for what lies outside.
  func table(
    of image: UnsafePointer<Float>, pixels: Range<Int>, zeros: UnsafePointer<Float>,
    memory: UnsafeMutableRawPointer
  ) -> RowTable {
    let pointers = memory.assumingMemoryBound(to: UnsafePointer<Float>.self)
    var copies = (memory + pointerByteCount).assumingMemoryBound(to: Float.self)
    let width = geometry.outputWidth
    var pixel = pixels.lowerBound
    while pixel < pixels.upperBound {
      let y = pixel / width
      let x = pixel - y * width
      let columns = x..<min(width, x + pixels.upperBound - pixel)
      let first = pointers + (pixel - pixels.lowerBound)
      for kernelRow in 0..<geometry.kernelHeight {
        let row = y * geometry.strideHeight + kernelRow * geometry.dilationHeight - geometry.padTop
        let isInside = row >= 0 && row < geometry.inputHeight
        let line = isInside ? image + row * geometry.inputWidth * geometry.inputChannels : nil
        if joinsColumns {
          join(
            line, columns: columns, zeros: zeros, copies: &copies,
            into: first + kernelRow * pixels.count)
        } else {
          for kernelColumn in 0..<geometry.kernelWidth {
            point(
              at: line, kernelColumn: kernelColumn, columns: columns, zeros: zeros,
              into: first + (kernelRow * geometry.kernelWidth + kernelColumn) * pixels.count)
          }
        }
      }
      pixel += columns.count
    }
    return RowTable(
      pointers: pointers, rowStride: pixels.count, taps: taps, channels: channels)
  }

  /// The pixel under one tap, for every output column; `line` is nil outside of the image.
  private func point(
    at line: UnsafePointer<Float>?, kernelColumn: Int, columns: Range<Int>,
    zeros: UnsafePointer<Float>, into pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    guard let line else {
      for index in 0..<columns.count { pointers[index] = zeros }
      return
    }
    let step = geometry.strideWidth
    var column =
      columns.lowerBound &* step &+ kernelColumn &* geometry.dilationWidth &- geometry.padLeft
    for index in 0..<columns.count {
      let isInside = column >= 0 && column < geometry.inputWidth
      pointers[index] = isInside ? line + column &* geometry.inputChannels : zeros
      column &+= step
    }
  }

  /// The pixels under a kernel row, for every output column.
  private func join(
    _ line: UnsafePointer<Float>?, columns: Range<Int>, zeros: UnsafePointer<Float>,
    copies: inout UnsafeMutablePointer<Float>,
    into pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    guard let line else {
      for index in 0..<columns.count { pointers[index] = zeros }
      return
    }
    let step = geometry.strideWidth
    let channelCount = geometry.inputChannels
    var first = columns.lowerBound &* step &- geometry.padLeft
    for index in 0..<columns.count {
      defer { first &+= step }
      let last = first &+ geometry.kernelWidth
      if first >= 0 && last <= geometry.inputWidth {
        pointers[index] = line + first &* channelCount
        continue
      }
      let inside = max(first, 0)..<max(max(first, 0), min(last, geometry.inputWidth))
      copies.update(repeating: 0, count: channels)
      (copies + (inside.lowerBound - first) * geometry.inputChannels).update(
        from: line + inside.lowerBound * geometry.inputChannels,
        count: inside.count * geometry.inputChannels)
      pointers[index] = UnsafePointer(copies)
      copies += channels
    }
  }
}
