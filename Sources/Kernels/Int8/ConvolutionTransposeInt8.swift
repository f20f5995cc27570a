internal import CKernels

/// A transposed convolution of uint8 codes, NHWC, with int8 weights; exact, requantized as it is
/// stored.
///
/// Output pixels at the same place modulo the stride take the same taps, so that each such phase is
/// a convolution of its own, whose results lie `stride` pixels apart. Windows that lie side by side
/// need not be gathered at all.
package struct ConvolutionTransposeInt8: Sendable {
  /// The output pixels `(row, column)` modulo the stride.
  private struct Phase: Sendable {
    var row: Int
    var column: Int
    var rowTaps: [Int]
    var columnTaps: [Int]
    /// One for each group.
    var products: [MatrixProductInt8]
  }

  package let geometry: ConvolutionTransposeGeometry
  /// The instructions that run.
  package let kernelName: String
  private let tiled: TiledTransposeInt8?
  /// Empty when `tiled` does the work.
  private let phases: [Phase]
  private let inputZeroPoint: UInt8

  /// Packs `weights`, `[inputChannels, outputChannels / groups, kernelHeight, kernelWidth]`.
  ///
  /// `inputMaximum` is the largest code that the input can hold: 127 for a reduced range.
  package init(
    geometry: ConvolutionTransposeGeometry, weights: [Int8], inputMaximum: UInt8 = 255,
    requantization: Requantization, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == geometry.weightCount,
      "\(weights.count) weights, the geometry has \(geometry.weightCount)")
    requantization.check(channels: geometry.outputChannels)
    self.geometry = geometry
    inputZeroPoint = requantization.inputZeroPoint
    tiled = TiledTransposeInt8(
      geometry: geometry, weights: weights, inputMaximum: inputMaximum,
      requantization: requantization, isa: isa)
    if let tiled {
      phases = []
      kernelName = tiled.kernelName
      return
    }
    var phases: [Phase] = []
    // Phases without an output pixel are left out.
    for row in 0..<min(geometry.strideHeight, max(geometry.outputHeight, 0)) {
      for column in 0..<min(geometry.strideWidth, max(geometry.outputWidth, 0)) {
        let rowTaps = geometry.rowTaps(phase: row)
        let columnTaps = geometry.columnTaps(phase: column)
        let taps = rowTaps.flatMap { y in columnTaps.map { y * geometry.kernelWidth + $0 } }
        let columns = geometry.outputChannelsPerGroup
        let products = (0..<geometry.groups).map { group in
          MatrixProductInt8(
            weightRows: Self.weightRows(geometry, group: group, taps: taps, weights: weights),
            depth: taps.count * geometry.inputChannelsPerGroup,
            channels: group * columns..<(group + 1) * columns, inputMaximum: inputMaximum,
            requantization: requantization, isa: isa)
        }
        phases.append(
          Phase(
            row: row, column: column, rowTaps: rowTaps, columnTaps: columnTaps,
            products: products))
      }
    }
    self.phases = phases
    kernelName = phases.flatMap(\.products).kernelName
  }

  /// The weights of some taps as `[outputChannels / groups, taps, inputChannels / groups]`.
  private static func weightRows(
    _ geometry: ConvolutionTransposeGeometry, group: Int, taps: [Int], weights: [Int8]
  ) -> [Int8] {
    let channels = geometry.inputChannelsPerGroup
    let columns = geometry.outputChannelsPerGroup
    let allTaps = geometry.kernelHeight * geometry.kernelWidth
    var rows: [Int8] = []
    rows.reserveCapacity(columns * taps.count * channels)
    for column in 0..<columns {
      for tap in taps {
        for channel in 0..<channels {
          rows.append(weights[((group * channels + channel) * columns + column) * allTaps + tap])
        }
      }
    }
    return rows
  }

  /// The share of 16-bit pair sums that no input can saturate.
  package var provenSafeShare: Double {
    if let tiled { return tiled.provenSafeShare }
    let products = phases.flatMap(\.products)
    return products.reduce(0) { $0 + $1.panels.provenSafeShare } / Double(products.count)
  }

  /// Bytes of scratch that `run` needs.
  package func scratchByteCount(batch: Int, threads: Int) -> Int {
    tiled?.scratchByteCount(threads: threads) ?? threads * rowByteCount
  }

  /// Runs `input`, `[batch, inputHeight, inputWidth, inputChannels]`, into `output`,
  /// `[batch, outputHeight, outputWidth, outputChannels]`.
  package func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    if let tiled {
      return tiled.run(input, output, batch: batch, scratch: scratch, pool: pool)
    }
    let height = geometry.outputHeight
    let imageCount = geometry.inputHeight * geometry.inputWidth * geometry.inputChannels
    pool.dynamic(batch * height) { rows, worker in
      let copy = (scratch + worker * rowByteCount).assumingMemoryBound(to: UInt8.self)
      for row in rows {
        let image = input + row / height * imageCount
        let line = output + row * geometry.outputWidth * geometry.outputChannels
        let phasesPerRow = min(geometry.strideWidth, geometry.outputWidth)
        let first = row % height % geometry.strideHeight * phasesPerRow
        for phase in phases[first..<first + phasesPerRow] {
          run(phase, row: row % height, of: image, into: line, copy: copy)
        }
      }
    }
  }

  private func pixelCount(phase column: Int) -> Int {
    max(0, geometry.outputWidth - column + geometry.strideWidth - 1) / geometry.strideWidth
  }

  private var rowByteCount: Int {
    let depth = phases.map { $0.products[0].panels.paddedDepth }.max() ?? 0
    return (pixelCount(phase: 0) * depth + 63) / 64 * 64
  }

  private func run(
    _ phase: Phase, row: Int, of image: UnsafePointer<UInt8>,
    into line: UnsafeMutablePointer<UInt8>, copy: UnsafeMutablePointer<UInt8>
  ) {
    let count = pixelCount(phase: phase.column)
    let stride = geometry.strideWidth * geometry.outputChannels
    for (group, product) in phase.products.enumerated() where count > 0 {
      let depth = product.panels.paddedDepth
      gather(phase, group: group, row: row, of: image, to: copy, count: count, stride: depth)
      let first =
        phase.column * geometry.outputChannels + group * geometry.outputChannelsPerGroup
      product.run(
        kern_gemm_u8_rows(data: copy, stride: depth, rows: count),
        to: .init(base: line + first, stride: stride), panels: 0..<product.panels.count)
    }
  }

  /// Copies the input pixels of each tap, or zero points, for `count` output pixels.
  private func gather(
    _ phase: Phase, group: Int, row: Int, of image: UnsafePointer<UInt8>,
    to copy: UnsafeMutablePointer<UInt8>, count: Int, stride: Int
  ) {
    let channels = geometry.inputChannelsPerGroup
    let used = phase.rowTaps.count * phase.columnTaps.count * channels
    for index in 0..<count {
      let x = phase.column + index * geometry.strideWidth
      var next = copy + index * stride
      for kernelRow in phase.rowTaps {
        let y = row + geometry.padTop - kernelRow * geometry.dilationHeight
        let inputRow = y / geometry.strideHeight
        for kernelColumn in phase.columnTaps {
          let column = x + geometry.padLeft - kernelColumn * geometry.dilationWidth
          let inputColumn = column / geometry.strideWidth
          if y >= 0, inputRow < geometry.inputHeight, column >= 0,
            inputColumn < geometry.inputWidth
          {
            let pixel = inputRow * geometry.inputWidth + inputColumn
            next.update(
              from: image + pixel * geometry.inputChannels + group * channels, count: channels)
          } else {
            next.update(repeating: inputZeroPoint, count: channels)
          }
          next += channels
        }
      }
      next.update(repeating: 0, count: stride - used)
    }
  }
}
