/// The gradient of the weights of a convolution whose windows reach over several pixels.
///
/// A kernel row at a time: where taps lie side by side, all of them are one run of the input.
/// Every thread has a share of the output's rows and a result of its own; those are added in order.
struct WindowGradientFloat: Sendable {
  /// Output columns under which some taps of a kernel row are all inside of the input.
  private struct Segment {
    var columns: Range<Int>
    var taps: Range<Int>
  }

  private let geometry: ConvolutionGeometry
  private let segments: [Segment]
  /// Of one group: `[outputChannels, taps * inputChannels]`.
  private let sums: OuterSumFloat
  private let isa: InstructionSet
  /// Output rows that stay in the first-level cache together with the input's.
  private let blockHeight: Int

  init(_ geometry: ConvolutionGeometry, isa: InstructionSet) {
    self.geometry = geometry
    self.isa = isa
    let channels = geometry.inputChannelsPerGroup
    let joins = geometry.groups == 1 && geometry.dilationWidth == 1
    sums = OuterSumFloat(
      rows: geometry.outputChannelsPerGroup,
      columns: geometry.kernelHeight * geometry.kernelWidth * channels,
      run: joins ? geometry.kernelWidth * channels : channels, isa: isa)
    segments = joins ? Self.joined(geometry) : Self.single(geometry)
    let floats =
      geometry.outputWidth
      * (geometry.outputChannels
        + geometry.strideHeight * geometry.strideWidth * geometry.inputChannels)
    blockHeight = max(1, 8_192 / max(floats, 1))
  }

  /// The columns under which a tap is inside.
  private static func inside(_ tap: Int, _ geometry: ConvolutionGeometry) -> Range<Int> {
    let (step, place) = (
      geometry.strideWidth, tap * geometry.dilationWidth - geometry.padLeft
    )
    let first = place >= 0 ? 0 : (-place + step - 1) / step
    let end = geometry.inputWidth > place ? (geometry.inputWidth - place + step - 1) / step : 0
    return min(
      first, geometry.outputWidth)..<max(
        min(first, geometry.outputWidth), min(end, geometry.outputWidth))
  }

  private static func single(_ geometry: ConvolutionGeometry) -> [Segment] {
    (0..<geometry.kernelWidth).map { tap in
      Segment(columns: inside(tap, geometry), taps: tap..<tap + 1)
    }.filter { !$0.columns.isEmpty }
  }

  /// Neighbouring columns with the same taps inside.
  private static func joined(_ geometry: ConvolutionGeometry) -> [Segment] {
    let columns = (0..<geometry.kernelWidth).map { inside($0, geometry) }
    var segments: [Segment] = []
    for column in 0..<geometry.outputWidth {
      let taps = columns.indices.filter { columns[$0].contains(column) }
      guard let first = taps.first else { continue }
      let range = first..<first + taps.count
      if let last = segments.last, last.taps == range, last.columns.upperBound == column {
        segments[segments.count - 1].columns = last.columns.lowerBound..<column + 1
      } else {
        segments.append(Segment(columns: column..<column + 1, taps: range))
      }
    }
    return segments
  }

  /// A result for every thread, and one to turn.
  func scratchByteCount(threads: Int) -> Int { (threads + 1) * sums.byteCount }

  /// As `ConvolutionWeightGradient.run`.
  func run(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let taps = geometry.kernelHeight * geometry.kernelWidth
    for group in 0..<geometry.groups {
      add(group, input, outputGradient, batch, scratch, pool)
      var result = scratch.assumingMemoryBound(to: Float.self)
      if sums.isTurned {
        let other = (scratch + sums.byteCount).assumingMemoryBound(to: Float.self)
        sums.order(result, into: other, pool: pool)
        result = other
      }
      // [tap][channel] of every output channel to [channel][tap].
      LayoutFloat.transpose(
        result, into: gradient + group * sums.count, batch: sums.rows, rows: taps,
        columns: geometry.inputChannelsPerGroup, isa: isa, pool: pool)
    }
  }

  /// Leaves the sums of a group in front of `scratch`.
  private func add(
    _ group: Int, _ input: UnsafePointer<Float>, _ outputGradient: UnsafePointer<Float>,
    _ batch: Int, _ scratch: UnsafeMutableRawPointer, _ pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    let lines = batch * height
    let work = lines * geometry.outputWidth * sums.count
    let parts = max(1, min(pool.threadCount, lines, work / (1 << 18)))
    pool.parallel(parts) { range in
      for part in range {
        let result = (scratch + part * sums.byteCount).assumingMemoryBound(to: Float.self)
        result.update(repeating: 0, count: sums.count)
        var line = lines * part / parts
        let end = lines * (part + 1) / parts
        while line < end {
          let (image, y) = line.quotientAndRemainder(dividingBy: height)
          let count = min(blockHeight, height - y, end - line)
          addBlock(
            y..<y + count,
            input + image * geometry.inputCount + group * geometry.inputChannelsPerGroup,
            outputGradient + image * geometry.outputCount
              + group * geometry.outputChannelsPerGroup, to: result)
          line += count
        }
      }
    }
    sums.join(parts: parts, scratch, pool: pool)
  }

  /// Some output rows of an image.
  private func addBlock(
    _ rows: Range<Int>, _ input: UnsafePointer<Float>, _ outputGradient: UnsafePointer<Float>,
    to result: UnsafeMutablePointer<Float>
  ) {
    let g = geometry
    let channels = g.inputChannelsPerGroup
    for kernelRow in 0..<g.kernelHeight {
      let place = kernelRow * g.dilationHeight - g.padTop
      let first = max(rows.lowerBound, (max(0, -place) + g.strideHeight - 1) / g.strideHeight)
      let end =
        g.inputHeight > place
        ? min(rows.upperBound, (g.inputHeight - place + g.strideHeight - 1) / g.strideHeight) : 0
      guard first < end else { continue }
      for segment in segments {
        let column =
          segment.columns.lowerBound * g.strideWidth + segment.taps.lowerBound * g.dilationWidth
          - g.padLeft
        let tap = kernelRow * g.kernelWidth + segment.taps.lowerBound
        sums.add(
          OuterSumFloat.Pixels(
            base: outputGradient
              + (first * g.outputWidth + segment.columns.lowerBound) * g.outputChannels,
            line: g.outputWidth * g.outputChannels, step: g.outputChannels),
          OuterSumFloat.Pixels(
            base: input
              + ((first * g.strideHeight + place) * g.inputWidth + column) * g.inputChannels,
            line: g.strideHeight * g.inputWidth * g.inputChannels,
            step: g.strideWidth * g.inputChannels),
          lines: end - first, count: segment.columns.count, rows: 0..<sums.rows,
          columns: tap * channels..<(tap + segment.taps.count) * channels, to: result)
      }
    }
  }
}
