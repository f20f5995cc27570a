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

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int { threads * byteCount }

  /// Values looked at that are not worth another piece of work.
  private static let smallWork = 1 << 15

  private var byteCount: Int {
    roundedUp(geometry.kernelHeight * geometry.kernelWidth * 8, to: 64)
  }

  /// A window that lies wholly outside of the image gives 0 for a mean and -infinity for a maximum.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    let rowCount = geometry.outputWidth * geometry.outputChannels
    let steps = rowCount * geometry.kernelHeight * geometry.kernelWidth
    pool.dynamic(batch * height, chunk: 1 + Self.smallWork / max(steps, 1)) { rows, worker in
      let pointers = (scratch + worker * byteCount).assumingMemoryBound(
        to: UnsafePointer<Float>.self)
      for row in rows {
        runRow(
          row % height, of: input + row / height * geometry.inputCount,
          into: output + row * rowCount, pointers: pointers)
      }
    }
  }

  private func runRow(
    _ y: Int, of image: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
    pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    let kernel = isa.floatKernels.reduce_rows
    let operation = kind == .maximum ? KERN_F32_LARGEST : KERN_F32_SUM
    let channels = geometry.inputChannels
    let top = y * geometry.strideHeight - geometry.padTop
    for x in 0..<geometry.outputWidth {
      let left = x * geometry.strideWidth - geometry.padLeft
      var count = 0
      for kernelRow in 0..<geometry.kernelHeight {
        let row = top &+ kernelRow &* geometry.dilationHeight
        guard row >= 0 && row < geometry.inputHeight else { continue }
        for kernelColumn in 0..<geometry.kernelWidth {
          let column = left &+ kernelColumn &* geometry.dilationWidth
          guard column >= 0 && column < geometry.inputWidth else { continue }
          pointers[count] = image + (row &* geometry.inputWidth &+ column) &* channels
          count &+= 1
        }
      }
      let place = output + x * channels
      if count == 0 {
        place.update(repeating: kind == .maximum ? -.infinity : 0, count: channels)
      } else {
        kernel(
          operation, pointers, count, channels, factor(top: top, left: left, inside: count),
          place)
      }
    }
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
    (0..<kernel).count { start + $0 * dilation < end }
  }
}
