internal import CKernels

/// A convolution whose channels do not mix.
struct DepthwiseFloat: Sendable {
  let geometry: ConvolutionGeometry
  private let activation: FloatActivation
  private let isa: InstructionSet
  /// The bias, padded to whole blocks; blocks of 16 channels, `[taps][16]`; zeros for one pixel.
  private let memory: PackedFloats

  private static let block = 16

  init(
    geometry: ConvolutionGeometry, weights: [Float], bias: [Float]?, activation: FloatActivation,
    isa: InstructionSet
  ) {
    self.geometry = geometry
    self.activation = activation
    self.isa = isa
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let padded = roundedUp(geometry.outputChannels, to: Self.block)
    memory = PackedFloats(count: padded * (taps + 2))
    for (channel, value) in (bias ?? []).enumerated() { memory.base[channel] = value }
    for channel in 0..<geometry.outputChannels {
      let first = padded + channel / Self.block * Self.block * taps + channel % Self.block
      for tap in 0..<taps {
        memory.base[first + tap * Self.block] = weights[channel * taps + tap]
      }
    }
  }

  /// Input columns that the windows of one output row span, those outside included.
  private var spannedColumns: Int {
    max(geometry.outputWidth - 1, 0) * geometry.strideWidth
      + (geometry.kernelWidth - 1) * geometry.dilationWidth + 1
  }

  /// Scratch memory for one thread.
  var byteCount: Int { roundedUp(spannedColumns * geometry.kernelHeight * 8, to: 64) }

  func run(
    _ input: UnsafePointer<Float>, addend: UnsafePointer<Float>?,
    into output: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    let rowCount = geometry.outputWidth * geometry.outputChannels
    let products = rowCount * geometry.kernelHeight * geometry.kernelWidth
    let chunk = max(
      1 + Self.smallWork / max(products, 1), batch * height / (8 * pool.threadCount))
    pool.dynamic(batch * height, chunk: chunk) { rows, worker in
      let pointers = (scratch + worker * byteCount).assumingMemoryBound(
        to: UnsafePointer<Float>.self)
      for row in rows {
        let image = input + row / height * geometry.inputCount
        let start = row * rowCount
        runRow(
          row % height, of: image, addend: addend.map { $0 + start }, into: output + start,
          pointers: pointers)
      }
    }
  }

  private func runRow(
    _ y: Int, of image: UnsafePointer<Float>, addend: UnsafePointer<Float>?,
    into output: UnsafeMutablePointer<Float>,
    pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    let kernelRows = insideKernelRows(y)
    let top = y * geometry.strideHeight - geometry.padTop
    for (index, kernelRow) in kernelRows.enumerated() {
      let row = top + kernelRow * geometry.dilationHeight
      point(
        at: image + row * geometry.inputWidth * geometry.inputChannels,
        into: pointers + index * spannedColumns)
    }
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let weights = memory.base + roundedUp(geometry.outputChannels, to: Self.block)
    let bounds = activation.bounds
    let fetched = rowsToFetch(after: top)
    let lineCount = geometry.inputWidth * geometry.inputChannels
    var arguments = kern_depthwise_f32_row(
      pixels: pointers, pixel_stride: spannedColumns, step: geometry.strideWidth,
      dilation: geometry.dilationWidth, kernel_rows: kernelRows.count,
      kernel_columns: geometry.kernelWidth, channels: geometry.outputChannels,
      weights: weights + kernelRows.lowerBound * geometry.kernelWidth * Self.block,
      weight_stride: taps * Self.block, bias: memory.base, addend: addend, output: output,
      next: fetched.isEmpty ? nil : image + fetched.lowerBound * lineCount,
      next_count: fetched.count * lineCount,
      low: bounds.low, high: bounds.high)
    isa.floatKernels.depthwise(&arguments, geometry.outputWidth)
    if activation.needsPass {
      activation.apply(
        output, into: output, count: geometry.outputWidth * geometry.outputChannels, isa: isa)
    }
  }

  /// Products that are not worth another piece of work.
  private static let smallWork = 1 << 16

  /// Images of so many values do not stay in the second-level cache.
  private static let largeImage = 262_144

  /// The input rows that the next output row needs and this one, which begins at `top`, does not;
  /// none when the image is in the cache anyway.
  private func rowsToFetch(after top: Int) -> Range<Int> {
    let first = top + (geometry.kernelHeight - 1) * geometry.dilationHeight + 1
    guard geometry.inputCount >= Self.largeImage, first >= 0 else { return 0..<0 }
    return first..<max(first, min(geometry.inputHeight, first + geometry.strideHeight))
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

  private func point(
    at line: UnsafePointer<Float>, into pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    let zeros =
      UnsafePointer(memory.base + memory.count)
      - roundedUp(geometry.outputChannels, to: Self.block)
    for index in 0..<spannedColumns {
      let column = index &- geometry.padLeft
      let isInside = column >= 0 && column < geometry.inputWidth
      pointers[index] = isInside ? line + column &* geometry.inputChannels : zeros
    }
  }
}
