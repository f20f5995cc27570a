/// A transposed convolution of NHWC images with constant weights, bias and activation.
///
/// Output pixels at the same place modulo the stride take the same taps, so that each such phase is
/// a convolution of its own, whose results lie `stride` pixels apart.
package struct ConvolutionTransposeFloat: Sendable {
  /// The output pixels `(row, column)` modulo the stride.
  private struct Phase: Sendable {
    var row: Int
    var column: Int
    var rowTaps: [Int]
    var columnTaps: [Int]
    /// One set of panels per group.
    var groups: [PackedPanels]
  }

  package let geometry: ConvolutionTransposeGeometry
  /// Row by row; none that has no output pixel.
  private let phases: [Phase]
  private let phasesPerRow: Int
  /// Bytes of scratch memory of one thread.
  private let byteCount: Int
  private let zeros: PackedFloats
  private let activation: FloatActivation
  private let isa: InstructionSet

  /// - `weights`: `[inputChannels, outputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `bias`: one per output channel.
  package init(
    geometry: ConvolutionTransposeGeometry, weights: [Float], bias: [Float]? = nil,
    activation: FloatActivation = .none, isa: InstructionSet = .best
  ) {
    precondition(
      weights.count == geometry.weightCount,
      "\(weights.count) weights where the convolution has \(geometry.weightCount)")
    precondition(
      bias.map { $0.count == geometry.outputChannels } ?? true,
      "a bias for each of \(geometry.outputChannels) channels")
    self.init(unfilled: geometry, activation: activation, isa: isa)
    weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { preconditionFailure("no weights") }
      guard let bias else { return fill(weights: base, bias: nil) }
      bias.withUnsafeBufferPointer { fill(weights: base, bias: $0.baseAddress) }
    }
  }

  /// A convolution whose weights are zero until they are filled in.
  package init(
    unfilled geometry: ConvolutionTransposeGeometry, activation: FloatActivation = .none,
    isa: InstructionSet = .best
  ) {
    self.geometry = geometry
    self.activation = activation
    self.isa = isa
    zeros = PackedFloats(count: geometry.inputChannelsPerGroup)
    var phases: [Phase] = []
    phasesPerRow = min(geometry.strideWidth, max(geometry.outputWidth, 0))
    for row in 0..<min(geometry.strideHeight, max(geometry.outputHeight, 0)) {
      for column in 0..<phasesPerRow {
        let rowTaps = geometry.rowTaps(phase: row)
        let columnTaps = geometry.columnTaps(phase: column)
        let groups = (0..<geometry.groups).map { _ in
          PackedPanels(
            taps: rowTaps.count * columnTaps.count, channels: geometry.inputChannelsPerGroup,
            columns: geometry.outputChannelsPerGroup, isa: isa)
        }
        phases.append(
          Phase(
            row: row, column: column, rowTaps: rowTaps, columnTaps: columnTaps, groups: groups))
      }
    }
    self.phases = phases
    let taps = phases.map { $0.rowTaps.count * $0.columnTaps.count }.max() ?? 0
    byteCount = roundedUp(
      max(1, taps) * (geometry.outputWidth / geometry.strideWidth + 1) * 8, to: 64)
  }

  /// Packs weights and a bias over those that were there; the convolution may not be running.
  /// - `weights`: `[inputChannels, outputChannels / groups, kernelHeight, kernelWidth]`.
  /// - `bias`: one per output channel; what was there stays where it is nil.
  package func fill(weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    let allTaps = geometry.kernelHeight * geometry.kernelWidth
    for phase in phases {
      // Only this phase's taps.
      let taps = phase.rowTaps.flatMap { row in
        phase.columnTaps.map { column in row * geometry.kernelWidth + column }
      }
      for (group, panels) in phase.groups.enumerated() {
        panels.fill(
          from: PackedPanels.Source(
            base: weights + group * panels.channels * panels.columns * allTaps, taps: taps,
            tapStride: 1, channelStride: panels.columns * allTaps, columnStride: allTaps))
        if let bias { panels.fill(bias: bias + group * panels.columns) }
      }
    }
  }

  /// The kernel that runs.
  package var kernelName: String { "f32-igemm-\(isa.floatTile)-\(isa.forFloats.rawValue)" }

  /// Bytes of scratch memory that `run` needs on so many threads.
  package func scratchByteCount(threads: Int) -> Int { threads * byteCount }

  /// - `input`: `[batch, inputHeight, inputWidth, inputChannels]`.
  /// - `output`: `[batch, outputHeight, outputWidth, outputChannels]`.
  /// - `scratch`: `scratchByteCount(threads:)` bytes, aligned to 64.
  package func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    pool.dynamic(batch * height) { rows, worker in
      let pointers = (scratch + worker * byteCount).assumingMemoryBound(
        to: UnsafePointer<Float>.self)
      for row in rows {
        let image = input + row / height * geometry.inputCount
        let line = output + row * geometry.outputWidth * geometry.outputChannels
        let y = row % height
        let first = y % geometry.strideHeight * phasesPerRow
        for phase in phases[first..<first + phasesPerRow] {
          run(phase, row: y, of: image, into: line, pointers: pointers)
        }
        // The pixels of a phase have gaps; those of the whole row have none.
        if activation.needsPass {
          activation.apply(
            line, into: line, count: geometry.outputWidth * geometry.outputChannels, isa: isa)
        }
      }
    }
  }

  private func run(
    _ phase: Phase, row y: Int, of image: UnsafePointer<Float>,
    into line: UnsafeMutablePointer<Float>,
    pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    let step = geometry.strideWidth
    let count = max(0, geometry.outputWidth - phase.column + step - 1) / step
    for (group, panels) in phase.groups.enumerated() {
      point(phase, row: y, of: image + group * geometry.inputChannelsPerGroup, count, pointers)
      let first = phase.column * geometry.outputChannels + group * geometry.outputChannelsPerGroup
      panels.view.multiply(
        RowTable(
          pointers: pointers, rowStride: count,
          taps: phase.rowTaps.count * phase.columnTaps.count,
          channels: geometry.inputChannelsPerGroup),
        rowCount: count, panels: 0..<panels.panels.count,
        into: BlockOutput(
          base: line + first, rowStride: step * geometry.outputChannels, addend: nil),
        activation: activation.needsPass ? .none : activation, isa: isa)
    }
  }

  /// Points every tap of `count` output pixels to its input pixel, or to zeros.
  private func point(
    _ phase: Phase, row y: Int, of image: UnsafePointer<Float>, _ count: Int,
    _ pointers: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    var next = pointers
    for kernelRow in phase.rowTaps {
      let row = y + geometry.padTop - kernelRow * geometry.dilationHeight
      let inputRow = row / geometry.strideHeight
      let isRowInside = row >= 0 && inputRow < geometry.inputHeight
      for kernelColumn in phase.columnTaps {
        for index in 0..<count {
          let x = phase.column + index * geometry.strideWidth
          let column = x + geometry.padLeft - kernelColumn * geometry.dilationWidth
          let inputColumn = column / geometry.strideWidth
          let isInside = isRowInside && column >= 0 && inputColumn < geometry.inputWidth
          next[index] =
            isInside
            ? image + (inputRow * geometry.inputWidth + inputColumn) * geometry.inputChannels
            : UnsafePointer(zeros.base)
        }
        next += count
      }
    }
  }
}
