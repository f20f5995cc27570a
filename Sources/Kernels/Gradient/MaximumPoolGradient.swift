internal import CKernels

/// The gradient of the input of a maximum over windows of NHWC images; it goes to the first of the
/// largest values under a window.
package struct MaximumPoolGradient: Sendable {
  private let geometry: ConvolutionGeometry
  private let isa: InstructionSet

  package init(geometry: ConvolutionGeometry, isa: InstructionSet = .best) {
    self.geometry = geometry
    self.isa = isa
  }

  /// - `input`, `inputGradient`: `[batch, inputHeight, inputWidth, channels]`.
  /// - `output`, `outputGradient`: `[batch, outputHeight, outputWidth, channels]`.
  package func run(
    input: UnsafePointer<Float>, output: UnsafePointer<Float>,
    outputGradient: UnsafePointer<Float>, into inputGradient: UnsafeMutablePointer<Float>,
    batch: Int, pool: ThreadPool
  ) {
    let g = geometry
    let line = g.outputWidth * g.inputChannels
    pool.parallel(batch) { images in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: g.kernelHeight * g.kernelWidth) {
        offsets in
        for image in images {
          let place = image * g.inputCount
          (inputGradient + place).update(repeating: 0, count: g.inputCount)
          for y in 0..<g.outputHeight {
            let made = (image * g.outputHeight + y) * line
            addRow(
              y, input: input + place, output: output + made,
              outputGradient: outputGradient + made, into: inputGradient + place, offsets)
          }
        }
      }
    }
  }

  /// Windows with the same taps inside of the image go together.
  private func addRow(
    _ y: Int, input: UnsafePointer<Float>, output: UnsafePointer<Float>,
    outputGradient: UnsafePointer<Float>, into inputGradient: UnsafeMutablePointer<Float>,
    _ offsets: UnsafeMutableBufferPointer<Int>
  ) {
    let g = geometry
    let rows = Self.inside(
      y * g.strideHeight - g.padTop, g.kernelHeight, g.dilationHeight, g.inputHeight)
    var x = 0
    while x < g.outputWidth {
      let columns = inside(x)
      var end = x + 1
      while end < g.outputWidth, inside(end) == columns { end += 1 }
      var taps = 0
      for row in rows {
        for column in columns {
          offsets[taps] =
            ((row - rows.lowerBound) * g.dilationHeight * g.inputWidth
              + (column - columns.lowerBound) * g.dilationWidth) * g.inputChannels
          taps += 1
        }
      }
      if taps > 0, let base = offsets.baseAddress {
        let start =
          ((y * g.strideHeight - g.padTop + rows.lowerBound * g.dilationHeight) * g.inputWidth
            + x * g.strideWidth - g.padLeft + columns.lowerBound * g.dilationWidth)
          * g.inputChannels
        var row = kern_maximum_gradient_f32_row(
          input: input + start, output: output + x * g.inputChannels,
          output_gradient: outputGradient + x * g.inputChannels,
          input_gradient: inputGradient + start, offsets: base, taps: taps,
          step: g.strideWidth * g.inputChannels, channels: g.inputChannels)
        isa.gradientKernels.maximum(&row, end - x)
      }
      x = end
    }
  }

  private func inside(_ x: Int) -> Range<Int> {
    Self.inside(
      x * geometry.strideWidth - geometry.padLeft, geometry.kernelWidth, geometry.dilationWidth,
      geometry.inputWidth)
  }

  /// The taps of a window at `start` that are inside of `0..<size`.
  private static func inside(
    _ start: Int, _ taps: Int, _ dilation: Int, _ size: Int
  ) -> Range<Int> {
    let first = start >= 0 ? 0 : min(taps, (-start + dilation - 1) / dilation)
    let end = size > start ? min(taps, (size - start + dilation - 1) / dilation) : 0
    return first..<max(first, end)
  }
}
