internal import CKernels

/// The largest or the mean value under a window, channel by channel, over NHWC images.
package struct PoolingFloat: Sendable {
  package enum Kind: Hashable, Sendable {
    case maximum
    /// Divides by all places of a window, or by those over the image.
    case average(includesPad: Bool)
  }

  package let kind: Kind
  package let geometry: ConvolutionGeometry
  private let uncountedBottom: Int
  private let uncountedRight: Int
  private let isa: InstructionSet

  /// - `geometry`: of a convolution with as many groups as input and output channels.
  /// - `uncountedBottom`: rows of `padBottom` that only make the last window fit (`ceil_mode`), so
  ///   that a mean does not count them.
  /// - `uncountedRight`: the same for columns of `padRight`.
  package init(
    kind: Kind, geometry: ConvolutionGeometry, uncountedBottom: Int = 0, uncountedRight: Int = 0,
    isa: InstructionSet = .best
  ) {
    precondition(geometry.isDepthwise, "pooling that mixes channels: \(geometry)")
    self.kind = kind
    self.geometry = geometry
    self.uncountedBottom = uncountedBottom
    self.uncountedRight = uncountedRight
    self.isa = isa
  }

  /// Values looked at that are not worth another piece of work.
  private static let smallWork = 1 << 15

  /// A window that lies wholly outside of the image gives 0 for a mean and -infinity for a maximum.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    let rowCount = geometry.outputWidth * geometry.outputChannels
    let steps = rowCount * geometry.kernelHeight * geometry.kernelWidth
    pool.dynamic(batch * height, chunk: 1 + Self.smallWork / max(steps, 1)) { rows, _ in
      for row in rows {
        runRow(
          row % height, of: input + row / height * geometry.inputCount,
          into: output + row * rowCount)
      }
    }
  }

  private func runRow(
    _ y: Int, of image: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) {
    let kernel = isa.floatKernels.reduce_windows
    let operation = kind == .maximum ? KERN_F32_LARGEST : KERN_F32_SUM
    let channels = geometry.inputChannels
    let inner = innerColumns
    let top = y * geometry.strideHeight - geometry.padTop
    let rows = Self.inside(
      from: top, kernel: geometry.kernelHeight, dilation: geometry.dilationHeight,
      end: geometry.inputHeight)
    var x = 0
    while x < geometry.outputWidth {
      // Windows that lie inside of the image are alike and go together.
      let count = x == inner.lowerBound ? max(inner.count, 1) : 1
      let left = x * geometry.strideWidth - geometry.padLeft
      let columns = Self.inside(
        from: left, kernel: geometry.kernelWidth, dilation: geometry.dilationWidth,
        end: geometry.inputWidth)
      let place = output + x * channels
      x += count
      guard !rows.isEmpty, !columns.isEmpty else {
        place.update(repeating: kind == .maximum ? -.infinity : 0, count: channels)
        continue
      }
      let row = top + rows.lowerBound * geometry.dilationHeight
      let column = left + columns.lowerBound * geometry.dilationWidth
      var windows = kern_windows_f32(
        first: image + (row * geometry.inputWidth + column) * channels, count: count,
        step: geometry.strideWidth * channels, rows: rows.count,
        row_stride: geometry.dilationHeight * geometry.inputWidth * channels,
        columns: columns.count, column_stride: geometry.dilationWidth * channels,
        channels: channels)
      kernel(
        operation, &windows, factor(top: top, left: left, inside: rows.count * columns.count),
        place)
    }
  }

  /// The output columns whose windows lie inside of the image.
  private var innerColumns: Range<Int> {
    let room =
      geometry.inputWidth + geometry.padLeft - (geometry.kernelWidth - 1) * geometry.dilationWidth
    let first = (geometry.padLeft + geometry.strideWidth - 1) / geometry.strideWidth
    let end = min(geometry.outputWidth, room <= 0 ? 0 : (room - 1) / geometry.strideWidth + 1)
    return first..<max(first, end)
  }

  /// The kernel places that lie in `0..<end`.
  private static func inside(from start: Int, kernel: Int, dilation: Int, end: Int) -> Range<Int> {
    let first = start >= 0 ? 0 : min(kernel, (dilation - 1 - start) / dilation)
    return first..<max(first, places(from: start, kernel: kernel, dilation: dilation, end: end))
  }

  /// What a sum is multiplied with.
  private func factor(top: Int, left: Int, inside: Int) -> Float {
    switch kind {
    case .maximum: return 1
    case .average(includesPad: false): return 1 / Float(inside)
    case .average(includesPad: true):
      let rows = Self.places(
        from: top, kernel: geometry.kernelHeight, dilation: geometry.dilationHeight,
        end: geometry.inputHeight + geometry.padBottom - uncountedBottom)
      let columns = Self.places(
        from: left, kernel: geometry.kernelWidth, dilation: geometry.dilationWidth,
        end: geometry.inputWidth + geometry.padRight - uncountedRight)
      return 1 / Float(rows * columns)
    }
  }

  /// Kernel places below `end`.
  private static func places(from start: Int, kernel: Int, dilation: Int, end: Int) -> Int {
    end <= start ? 0 : min(kernel, (end - start + dilation - 1) / dilation)
  }
}
