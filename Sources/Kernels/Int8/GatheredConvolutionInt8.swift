internal import CKernels

/// A convolution as a matrix product: windows of some output pixels are copied to rows, or, where a
/// window is one pixel, read where they are.
struct GatheredConvolutionInt8: ConvolutionBodyInt8 {
  private let geometry: ConvolutionGeometry
  /// One for each group.
  private let products: [MatrixProductInt8]
  let saturating: SaturationInt8
  let inputZeroPoint: UInt8
  let kernelName: String

  /// Weights as `[outputChannels, kernelHeight, kernelWidth, inputChannels / groups]`.
  static func weightRows(_ weights: [Int8], geometry: ConvolutionGeometry) -> [Int8] {
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let channels = geometry.inputChannelsPerGroup
    guard taps > 1, channels > 1 else { return weights }
    var rows = weights
    for output in 0..<geometry.outputChannels {
      let first = output * taps * channels
      for channel in 0..<channels {
        for tap in 0..<taps {
          rows[first + tap * channels + channel] = weights[first + channel * taps + tap]
        }
      }
    }
    return rows
  }

  init(
    geometry: ConvolutionGeometry, weightRows: [Int8], inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    self.geometry = geometry
    let columns = geometry.outputChannelsPerGroup
    let depth = weightRows.count / geometry.outputChannels
    products = (0..<geometry.groups).map { group in
      let channels = group * columns..<(group + 1) * columns
      return MatrixProductInt8(
        weightRows: Array(weightRows[channels.lowerBound * depth..<channels.upperBound * depth]),
        depth: depth, channels: channels, inputMaximum: inputMaximum,
        requantization: requantization, isa: isa)
    }
    inputZeroPoint = requantization.inputZeroPoint
    kernelName = products.kernelName
    saturating = SaturationInt8(
      groups: products.map(\.panels.riskyPairs), depth: depth, columnsPerGroup: columns,
      requantization: requantization)
  }

  var safeRun: Double? { products.safeRun }

  var provenSafeShare: Double {
    products.reduce(0) { $0 + $1.panels.provenSafeShare } / Double(products.count)
  }

  var weightByteCount: Int { geometry.weightCount }

  func scratchByteCount(batch: Int, threads: Int) -> Int {
    initialByteCount + threads * blockByteCount
  }

  func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let stride = geometry.outputChannels
    forEachPiece(input, pad: inputZeroPoint, batch: batch, scratch: scratch, pool: pool) {
      left, group, firstRow, panels in
      let start = output + firstRow * stride + group * geometry.outputChannelsPerGroup
      products[group].run(left, to: .init(base: start, stride: stride), panels: panels)
    }
  }

  func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let stride = geometry.outputChannels
    let padded = products[0].panels.paddedColumns
    let initial = scratch.bindMemory(to: Int32.self, capacity: products.count * padded)
    for (group, product) in products.enumerated() {
      product.fillInitial(initial + group * padded, zeroPoint: zeroPoint)
    }
    forEachPiece(input, pad: zeroPoint, batch: batch, scratch: scratch, pool: pool) {
      left, group, firstRow, panels in
      let start = output + firstRow * stride + group * geometry.outputChannelsPerGroup
      products[group].runAccumulators(
        left, initial: initial + group * padded, to: .init(base: start, stride: stride),
        panels: panels)
    }
  }

  private var initialByteCount: Int { products.count * products[0].panels.paddedColumns * 4 }

  /// Whether the pixels of the input are the rows, readable in whole quads.
  private var isDirect: Bool { geometry.isPointwise && geometry.inputChannelsPerGroup % 4 == 0 }

  private var blockByteCount: Int {
    let depth = products[0].panels.paddedDepth
    return isDirect ? 0 : RowBlocks.mostRows(paddedDepth: depth) * depth
  }

  private func forEachPiece(
    _ input: UnsafePointer<UInt8>, pad: UInt8, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool,
    _ body: (
      _ left: kern_gemm_u8_rows, _ group: Int, _ firstRow: Int, _ panels: Range<Int>
    ) -> Void
  ) {
    let window = WindowGather(geometry: geometry)
    let paddedDepth = products[0].panels.paddedDepth
    let blocks = RowBlocks(
      rows: batch * window.pixels, paddedDepth: paddedDepth, panels: products[0].panels.count,
      threads: pool.threadCount)
    let copies = scratch + initialByteCount
    if blocks.sharesRows, !isDirect, products.count == 1 {
      let rows = batch * window.pixels
      let copy = copies.assumingMemoryBound(to: UInt8.self)
      pool.parallel(rows, grain: 4) { range in
        window.gather(
          input, group: 0, rows: range, pad: pad, to: copy + range.lowerBound * paddedDepth,
          stride: paddedDepth)
      }
      return blocks.forEach(pool: pool) { piece, _ in
        body(
          kern_gemm_u8_rows(data: copy, stride: paddedDepth, rows: rows), 0, 0,
          blocks.panels(ofPiece: piece))
      }
    }
    blocks.forEach(pool: pool) { piece, worker in
      let rows = blocks.rows(ofPiece: piece)
      for group in products.indices {
        var left = kern_gemm_u8_rows(
          data: input + rows.lowerBound * geometry.inputChannels
            + group * geometry.inputChannelsPerGroup,
          stride: geometry.inputChannels, rows: rows.count)
        if !isDirect {
          let copy = (copies + worker * blockByteCount).assumingMemoryBound(to: UInt8.self)
          window.gather(input, group: group, rows: rows, pad: pad, to: copy, stride: paddedDepth)
          left = kern_gemm_u8_rows(data: copy, stride: paddedDepth, rows: rows.count)
        }
        body(left, group, rows.lowerBound, blocks.panels(ofPiece: piece))
      }
    }
  }
}
