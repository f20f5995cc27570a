internal import CKernels

/// A convolution whose channels do not mix.
struct DepthwiseFloat: Sendable {
  let geometry: ConvolutionGeometry
  private let activation: FloatActivation
  private let isa: InstructionSet
  private let rows: DepthwiseRows
  /// The bias, padded to whole blocks; blocks of 16 channels, `[taps][16]`; zeros for one pixel.
  private let memory: PackedFloats

  private static let block = 16

  init(geometry: ConvolutionGeometry, activation: FloatActivation, isa: InstructionSet) {
    self.geometry = geometry
    self.activation = activation
    self.isa = isa
    rows = DepthwiseRows(geometry)
    let taps = geometry.kernelHeight * geometry.kernelWidth
    memory = PackedFloats(count: roundedUp(geometry.outputChannels, to: Self.block) * (taps + 2))
  }

  /// Packs weights, `[outputChannels, 1, kernelHeight, kernelWidth]`, over those that were there,
  /// and a bias where there is one.
  func fill(weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let padded = roundedUp(geometry.outputChannels, to: Self.block)
    if let bias { memory.base.update(from: bias, count: geometry.outputChannels) }
    for channel in 0..<geometry.outputChannels {
      let first = padded + channel / Self.block * Self.block * taps + channel % Self.block
      for tap in 0..<taps {
        memory.base[first + tap * Self.block] = weights[channel * taps + tap]
      }
    }
  }

  /// Scratch memory for one thread.
  var byteCount: Int { rows.byteCount }

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
    let zeros =
      UnsafePointer(memory.base + memory.count)
      - roundedUp(geometry.outputChannels, to: Self.block)
    let kernelRows = rows.point(y, of: image, zeros: zeros, into: pointers)
    let top = y * geometry.strideHeight - geometry.padTop
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let weights = memory.base + roundedUp(geometry.outputChannels, to: Self.block)
    let bounds = activation.bounds
    let fetched = rowsToFetch(after: top)
    let lineCount = geometry.inputWidth * geometry.inputChannels
    var arguments = kern_depthwise_f32_row(
      pixels: pointers, pixel_stride: rows.spannedColumns, step: geometry.strideWidth,
      dilation: geometry.dilationWidth, kernel_rows: kernelRows.count,
      kernel_columns: geometry.kernelWidth, channels: geometry.outputChannels,
      weights: weights + kernelRows.lowerBound * geometry.kernelWidth * Self.block,
      weight_stride: taps * Self.block, bias: memory.base, addend: addend, output: output,
      next: fetched.isEmpty ? nil : image + fetched.lowerBound * lineCount,
      next_count: fetched.count * lineCount,
      low: bounds.low, high: bounds.high, hard_swish: activation == .hardSwish)
    isa.floatKernels.depthwise(&arguments, geometry.outputWidth)
    if activation.needsPassBehindSums {
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
}
