internal import CKernels

/// A convolution that filters every channel on its own.
struct DepthwiseConvolutionInt8: ConvolutionBodyInt8 {
  private let geometry: ConvolutionGeometry
  /// For any input.
  private let blocks: [PackedDepthwiseBlock]
  /// Faster ones for codes up to `likelyMaximum`; the rows of each run decide.
  private let lightBlocks: [PackedDepthwiseBlock]?
  private let requantization: PackedRequantization
  private let weightSums: [Int32]
  private let isa: InstructionSet
  private let pad: ConstantBuffer<UInt8>
  private let quadCount: Int
  let saturating: SaturationInt8
  let inputZeroPoint: UInt8
  let provenSafeShare: Double

  /// Codes that 7-bit calibration keeps to.
  private static let likelyMaximum: UInt8 = 127

  /// Output rows that are worth a piece of work hold this many products.
  private static let smallWork = 1 << 17
  /// Input of a piece of work, which stays in the second-level cache.
  private static let pieceBytes = 192 << 10

  /// - `weightRows`: `[channels, kernelHeight, kernelWidth]`.
  init(
    geometry: ConvolutionGeometry, weightRows: [Int8], inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    // A row of pixels is a column of pixels: standing upright, its taps fill whole quads.
    let geometry = geometry.isOneRow ? geometry.upright : geometry
    self.geometry = geometry
    self.isa = isa
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let channels = geometry.inputChannels
    let bound = PairBound(inputMaximum: inputMaximum)
    func packed(_ bound: PairBound) -> [PackedDepthwiseBlock] {
      PackedDepthwiseBlock.blocks(channels: channels).map { block in
        PackedDepthwiseBlock(
          channels: block, taps: weightRows[block.lowerBound * taps..<block.upperBound * taps],
          kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth, bound: bound)
      }
    }
    let general = packed(isa.hasDotProduct ? .unlimited : bound)
    blocks = general
    quadCount = general.map(\.quads).max() ?? 1
    var light: [PackedDepthwiseBlock]?
    // Padding is among the codes.
    if inputMaximum > Self.likelyMaximum, requantization.inputZeroPoint <= Self.likelyMaximum,
      isa != .scalar, !isa.hasDotProduct
    {
      let reduced = packed(PairBound(inputMaximum: Self.likelyMaximum))
      if zip(reduced, general).contains(where: { $0.cost < $1.cost }) { light = reduced }
    }
    lightBlocks = light
    weightSums = (0..<channels).map { channel in
      weightRows[channel * taps..<(channel + 1) * taps].reduce(0) { $0 + Int32($1) }
    }
    self.requantization = PackedRequantization(
      requantization, channels: 0..<channels, weightSums: weightSums,
      largestSum: taps * 255 * 128, paddedCount: channels + PackedDepthwiseBlock.narrowChannels)
    inputZeroPoint = requantization.inputZeroPoint
    pad = ConstantBuffer(
      [], minimumCount: PackedDepthwiseBlock.wideChannels, padding: inputZeroPoint)
    let risky = (0..<channels).map { channel in
      bound.riskyPairs(
        rows: Array(weightRows[channel * taps..<(channel + 1) * taps]), columns: 1, depth: taps)
    }
    saturating = SaturationInt8(
      groups: risky, depth: taps, columnsPerGroup: 1, requantization: requantization)
    let pairs = channels * ((taps + 1) / 2)
    provenSafeShare = 1 - Double(risky.reduce(0) { $0 + $1.count }) / Double(pairs)
  }

  var kernelName: String {
    if isa == .scalar { return "dw-u8s8-scalar" }
    if let product = isa.codeProduct { return "dw-u8s8-\(product.instruction)" }
    return lightBlocks == nil
      ? "dw-u8s8-maddubs" : "dw-u8s8-maddubs≤\(Self.likelyMaximum)/spread"
  }

  var safeRun: Double? {
    guard isa != .scalar, !isa.hasDotProduct else { return nil }
    return (lightBlocks ?? blocks).allSatisfy(\.addsQuads) ? 4 : 2
  }

  var weightByteCount: Int { geometry.weightCount }

  func scratchByteCount(batch: Int, threads: Int) -> Int {
    initialByteCount + threads * stripByteCount + batch * geometry.inputHeight
  }

  func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let kernels = kern_int8_table_for(isa.kernelIsa).pointee
    let rowCount = geometry.outputWidth * geometry.outputChannels
    let maxima = (scratch + initialByteCount + pool.threadCount * stripByteCount)
      .assumingMemoryBound(to: UInt8.self)
    if lightBlocks != nil { findMaxima(input, maxima, batch: batch, pool: pool) }
    var window = WindowGather(geometry: geometry).kernelValue
    withUnsafePointer(to: &window) { window in
      forEachRows(batch: batch, scratch: scratch, pool: pool) { image, rows, strip in
        let out = output + image * geometry.outputHeight * rowCount
        // Neighbouring rows share most of their input, of which a block is but a small part.
        for packed in blocks(rows: rows, maxima: maxima + image * geometry.inputHeight) {
          let first = packed.channels.lowerBound
          var block = packed.kernelValue(initial: requantization.initial.base + first)
          var requantize = requantization.kernelValue
          requantize.multipliers += first
          for row in rows {
            kernels.dwconv_u8s8_u8(
              window, &block, input + image * geometry.inputCount, pad.base, row, first,
              packed.channels.count, &requantize, strip, out + row * rowCount)
          }
        }
        if let table = requantization.table {
          let codes = out + rows.lowerBound * rowCount
          kernels.table_u8(table.base, codes, codes, rows.count * rowCount)
        }
      }
    }
  }

  func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let kernels = kern_int8_table_for(isa.kernelIsa).pointee
    let rowCount = geometry.outputWidth * geometry.outputChannels
    let initial = scratch.bindMemory(to: Int32.self, capacity: initialByteCount / 4)
    weightSums.fillInitial(initial, count: initialByteCount / 4, zeroPoint: zeroPoint)
    let width = PackedDepthwiseBlock.wideChannels
    var window = WindowGather(geometry: geometry).kernelValue
    withUnsafeTemporaryAllocation(byteCount: width, alignment: 16) { memory in
      let pad = memory.initializeMemory(as: UInt8.self, repeating: zeroPoint)
      guard let padding = pad.baseAddress else { return }
      withUnsafePointer(to: &window) { window in
        forEachRows(batch: batch, scratch: scratch, pool: pool) { image, rows, strip in
          let out = output + image * geometry.outputHeight * rowCount
          for packed in blocks {
            let first = packed.channels.lowerBound
            var block = packed.kernelValue(initial: initial + first)
            for row in rows {
              kernels.dwconv_u8s8_s32(
                window, &block, input + image * geometry.inputCount, padding, row, first,
                packed.channels.count, strip, out + row * rowCount)
            }
          }
        }
      }
    }
  }

  /// The largest code of each input row.
  private func findMaxima(
    _ input: UnsafePointer<UInt8>, _ maxima: UnsafeMutablePointer<UInt8>, batch: Int,
    pool: ThreadPool
  ) {
    let kernel = kern_int8_table_for(isa.kernelIsa).pointee.largest_u8
    let rowCount = geometry.inputWidth * geometry.inputChannels
    pool.parallel(batch * geometry.inputHeight, grain: 1 + (1 << 16) / max(rowCount, 1)) { rows in
      for row in rows { maxima[row] = kernel(input + row * rowCount, rowCount) }
    }
  }

  /// The fastest blocks that the codes under the windows of some output rows allow.
  private func blocks(rows: Range<Int>, maxima: UnsafePointer<UInt8>) -> [PackedDepthwiseBlock] {
    guard let lightBlocks else { return blocks }
    let first = rows.lowerBound * geometry.strideHeight - geometry.padTop
    let last =
      (rows.upperBound - 1) * geometry.strideHeight - geometry.padTop + (geometry.kernelHeight - 1)
      * geometry.dilationHeight
    for inputRow in max(first, 0)..<max(min(last + 1, geometry.inputHeight), max(first, 0))
    where maxima[inputRow] > Self.likelyMaximum { return blocks }
    return lightBlocks
  }

  /// Initial values of all channels, readable for a whole block, in whole cache lines.
  private var initialByteCount: Int {
    (geometry.inputChannels + PackedDepthwiseBlock.narrowChannels + 15) / 16 * 64
  }

  private var stripByteCount: Int {
    let columns =
      (max(geometry.outputWidth, 1) - 1) * geometry.strideWidth
      + (geometry.kernelWidth - 1) * geometry.dilationWidth + 1
    return columns * quadCount * 4 * PackedDepthwiseBlock.wideChannels
  }

  /// Rows of one image at a time.
  private func forEachRows(
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool,
    _ body: (_ image: Int, _ rows: Range<Int>, _ strip: UnsafeMutablePointer<UInt8>) -> Void
  ) {
    let strips = scratch + initialByteCount
    let height = geometry.outputHeight
    let products = geometry.multiplyAccumulates / max(height, 1)
    let rowBytes = geometry.strideHeight * geometry.inputWidth * geometry.inputChannels
    var size = max(1 + Self.smallWork / max(products, 1), Self.pieceBytes / max(rowBytes, 1))
    if pool.threadCount > 1 {
      let even = (batch * height + pool.threadCount * 4 - 1) / (pool.threadCount * 4)
      size = min(size, max(even, 1 + Self.smallWork / max(products, 1)))
    }
    size = min(size, height)
    let pieces = (height + size - 1) / size
    pool.dynamic(batch * pieces) { range, worker in
      let strip = (strips + worker * stripByteCount).assumingMemoryBound(to: UInt8.self)
      for piece in range {
        let first = piece % pieces * size
        body(piece / pieces, first..<min(first + size, height), strip)
      }
    }
  }
}

extension ConvolutionGeometry {
  fileprivate var isOneRow: Bool {
    inputHeight == 1 && kernelHeight == 1 && padTop == 0 && padBottom == 0 && inputWidth > 1
  }

  /// The same convolution with height and width exchanged; of one row, the memory stays as it is.
  fileprivate var upright: ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: inputWidth, inputWidth: inputHeight, inputChannels: inputChannels,
      outputChannels: outputChannels, kernelHeight: kernelWidth, kernelWidth: kernelHeight,
      strideHeight: strideWidth, strideWidth: strideHeight, dilationHeight: dilationWidth,
      dilationWidth: dilationHeight, padTop: padLeft, padLeft: padTop, padBottom: padRight,
      padRight: padBottom, groups: groups)
  }
}
