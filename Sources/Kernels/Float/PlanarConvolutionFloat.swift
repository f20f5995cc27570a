internal import CKernels

/// A convolution of images whose channels are planes, as images come, with constant weights, bias and
/// activation; its results are pixels with their channels side by side.
///
/// The lines under an output row are copied between zeros as long as the kernel needs them, so that
/// every window lies inside.
package struct PlanarConvolutionFloat: Sendable {
  package let geometry: ConvolutionGeometry
  private let panels: PackedPanels
  private let activation: FloatActivation
  private let isa: InstructionSet

  /// With more channels, turning the image takes little of the time.
  private static let mostChannels = 4
  /// Output columns that fill a tile.
  private static let leastColumns = 16

  /// Whether this is quicker than to turn the image and to convolve pixels: nowhere on NEON, which
  /// has the latter only.
  package static func pays(_ geometry: ConvolutionGeometry, isa: InstructionSet) -> Bool {
    isa.forFloats != .neon && geometry.groups == 1 && geometry.inputChannels <= mostChannels
      && geometry.outputWidth >= leastColumns && !WinogradFloat.pays(geometry, isa: isa)
  }

  /// - `weights`: `[outputChannels, inputChannels, kernelHeight, kernelWidth]`.
  /// - `bias`: one per output channel.
  package init(
    geometry: ConvolutionGeometry, weights: [Float], bias: [Float]? = nil,
    activation: FloatActivation = .none, isa: InstructionSet = .best
  ) {
    precondition(geometry.groups == 1, "\(geometry.groups) groups")
    precondition(
      weights.count == geometry.weightCount,
      "\(weights.count) weights where the convolution has \(geometry.weightCount)")
    precondition(
      bias.map { $0.count == geometry.outputChannels } ?? true,
      "a bias for each of \(geometry.outputChannels) channels")
    self.geometry = geometry
    self.activation = activation
    self.isa = isa
    let depth = geometry.inputChannels * geometry.kernelHeight * geometry.kernelWidth
    panels = weights.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("no weights") }
      return PackedPanels(
        taps: 1, channels: depth, columns: geometry.outputChannels,
        source: PackedPanels.Source(
          base: base, tapStride: 0, channelStride: 1, columnStride: depth),
        bias: bias, isa: isa)
    }
  }

  /// The kernel that runs.
  package var kernelName: String { "f32-planar-\(isa.forFloats.rawValue)" }

  /// Lines under the kernel in each plane, those that dilation leaves out included.
  private var span: Int { (geometry.kernelHeight - 1) * geometry.dilationHeight + 1 }
  private var lineStride: Int {
    let reach = (geometry.kernelWidth - 1) * geometry.dilationWidth + 1
    let windows = (geometry.outputWidth - 1) * geometry.strideWidth + reach
    return roundedUp(max(windows, geometry.padLeft + geometry.inputWidth), to: 16)
  }

  private var pointerByteCount: Int {
    roundedUp(geometry.inputChannels * geometry.kernelHeight * 8, to: 64)
  }
  /// Pointers, a line of zeros, and the lines under the kernel.
  private var byteCount: Int {
    pointerByteCount + (1 + geometry.inputChannels * span) * lineStride * 4
  }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int { threads * byteCount }

  /// - `input`: `[batch, inputChannels, inputHeight, inputWidth]`.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    // Lines are copied anew for every part.
    let parts = pool.threadCount > 1 ? min(4 * pool.threadCount, max(1, height / span)) : 1
    pool.dynamic(batch * parts) { tasks, worker in
      for index in tasks {
        let (image, part) = index.quotientAndRemainder(dividingBy: parts)
        run(
          input + image * geometry.inputCount,
          rows: height * part / parts..<height * (part + 1) / parts,
          into: output + image * geometry.outputCount, memory: scratch + worker * byteCount)
      }
    }
  }

  /// Some output rows of one image.
  private func run(
    _ image: UnsafePointer<Float>, rows: Range<Int>, into output: UnsafeMutablePointer<Float>,
    memory: UnsafeMutableRawPointer
  ) {
    let pointers = memory.assumingMemoryBound(to: UnsafePointer<Float>.self)
    let zeros = (memory + pointerByteCount).assumingMemoryBound(to: Float.self)
    let lines = zeros + lineStride
    let (stride, span) = (lineStride, self.span)
    zeros.update(repeating: 0, count: (1 + geometry.inputChannels * span) * stride)
    var next = 0
    for y in rows {
      let top = y * geometry.strideHeight - geometry.padTop
      let wanted = max(next, top, 0)..<max(next, top, 0, min(top + span, geometry.inputHeight))
      next = wanted.upperBound
      for channel in 0..<geometry.inputChannels {
        for row in wanted {
          let line = lines + (channel * span + row % span) * stride + geometry.padLeft
          line.update(
            from: image + (channel * geometry.inputHeight + row) * geometry.inputWidth,
            count: geometry.inputWidth)
        }
        for kernelRow in 0..<geometry.kernelHeight {
          let row = top + kernelRow * geometry.dilationHeight
          let isInside = row >= 0 && row < geometry.inputHeight
          pointers[channel * geometry.kernelHeight + kernelRow] = UnsafePointer(
            isInside ? lines + (channel * span + row % span) * stride : zeros)
        }
      }
      multiply(
        pointers, into: output + y * geometry.outputWidth * geometry.outputChannels)
    }
  }

  /// One output row.
  private func multiply(
    _ lines: UnsafePointer<UnsafePointer<Float>>, into output: UnsafeMutablePointer<Float>
  ) {
    let kernel = isa.floatKernels.planar
    let bounds = activation.bounds
    let view = panels.view
    for panel in view.panels {
      var row = kern_planar_f32_row(
        lines: lines, line_count: geometry.inputChannels * geometry.kernelHeight,
        kernel_columns: geometry.kernelWidth, step: geometry.strideWidth,
        dilation: geometry.dilationWidth, panel: view.base + panel.offset,
        channels: panel.columns, bias: view.base + panel.firstColumn,
        output: output + panel.firstColumn, output_stride: geometry.outputChannels,
        low: bounds.low, high: bounds.high, hard_swish: activation == .hardSwish)
      kernel(&row, panel.width, geometry.outputWidth)
    }
    guard activation.needsPassBehindSums else { return }
    activation.apply(
      output, into: output, count: geometry.outputWidth * geometry.outputChannels, isa: isa)
  }
}
