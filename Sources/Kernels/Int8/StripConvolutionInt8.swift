internal import CKernels

/// A convolution as a matrix product whose rows are read where they lie: what a window sees of one
/// line of the image is one run of bytes.
///
/// Lines are copied once, with their padding, and each serves all windows over it; where nothing is
/// padded the image itself is read.
struct StripConvolutionInt8: ConvolutionBodyInt8 {
  private let geometry: ConvolutionGeometry
  private let product: MatrixProductInt8
  let saturating: SaturationInt8
  let inputZeroPoint: UInt8
  let provenSafeShare: Double

  /// With few columns tiles are less full, and with many channels copies of windows cost little.
  private static let leastColumns = 12
  private static let mostBusyChannels = 160

  /// Whether this is quicker than copies of the windows, for kernels that take rows in runs.
  static func pays(_ geometry: ConvolutionGeometry, isa: InstructionSet) -> Bool {
    guard isa.hasDotProduct, geometry.groups == 1, geometry.dilationWidth == 1 else { return false }
    guard !geometry.isPointwise || geometry.inputChannels % 4 != 0 else { return false }
    return geometry.outputWidth >= leastColumns
      && (geometry.outputChannels <= mostBusyChannels || geometry.outputWidth >= 2 * leastColumns)
  }

  /// - `weightRows`: `[outputChannels, kernelHeight, kernelWidth, inputChannels]`.
  init(
    geometry: ConvolutionGeometry, weightRows: [Int8], inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    self.geometry = geometry
    let columns = geometry.outputChannels
    let run = geometry.kernelWidth * geometry.inputChannels
    let depth = geometry.kernelHeight * run
    product = MatrixProductInt8(
      weightRows: Self.padded(weightRows, runs: columns * geometry.kernelHeight, of: run),
      depth: geometry.kernelHeight * roundedUp(run, to: 4), channels: 0..<columns,
      inputMaximum: inputMaximum, requantization: requantization, isa: isa)
    let risky = PairBound(inputMaximum: inputMaximum)
      .riskyPairs(rows: weightRows, columns: columns, depth: depth)
    provenSafeShare = 1 - Double(risky.count) / Double(columns * ((depth + 1) / 2))
    saturating = SaturationInt8(
      groups: [risky], depth: depth, columnsPerGroup: columns, requantization: requantization)
    inputZeroPoint = requantization.inputZeroPoint
  }

  /// Zeros behind each run, up to whole quads.
  private static func padded(_ weights: [Int8], runs: Int, of count: Int) -> [Int8] {
    let stride = roundedUp(count, to: 4)
    guard stride > count else { return weights }
    var rows = [Int8](repeating: 0, count: runs * stride)
    for run in 0..<runs {
      for index in 0..<count { rows[run * stride + index] = weights[run * count + index] }
    }
    return rows
  }

  var safeRun: Double? { [product].safeRun }

  var kernelName: String { [product].kernelName + "-strips" }

  func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let stride = geometry.outputChannels
    forEachRow(input, pad: inputZeroPoint, batch: batch, scratch: scratch, pool: pool) {
      left, firstPixel in
      product.run(
        left, to: .init(base: output + firstPixel * stride, stride: stride),
        panels: 0..<product.panels.count)
    }
  }

  func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let stride = geometry.outputChannels
    let initial = scratch.bindMemory(to: Int32.self, capacity: product.panels.paddedColumns)
    product.fillInitial(initial, zeroPoint: zeroPoint)
    forEachRow(input, pad: zeroPoint, batch: batch, scratch: scratch, pool: pool) {
      left, firstPixel in
      product.runAccumulators(
        left, initial: initial, to: .init(base: output + firstPixel * stride, stride: stride),
        panels: 0..<product.panels.count)
    }
  }

  // MARK: Strips

  private var initialByteCount: Int { product.panels.paddedColumns * 4 }

  /// Whether windows lie inside of the image and end with whole quads.
  private var isDirect: Bool {
    geometry.padTop == 0 && geometry.padLeft == 0 && geometry.padBottom == 0
      && geometry.padRight == 0 && geometry.kernelWidth * geometry.inputChannels % 4 == 0
  }

  /// A rectangle of output pixels, and the part of the image under its windows.
  private struct Block {
    let rows: Range<Int>
    let columns: Range<Int>
  }

  /// A strip fills this much of the first- and second-level caches.
  private static let stripBytes = 96 << 10
  private static let mostColumns = 512
  /// Products not worth a block of their own.
  private static let smallWork = 1 << 19

  private var mostColumns: Int { min(geometry.outputWidth, Self.mostColumns) }

  private func lineBytes(columns: Int) -> Int {
    ((columns - 1) * geometry.strideWidth + geometry.kernelWidth) * geometry.inputChannels
  }

  private func lines(rows: Int) -> Int {
    (rows - 1) * geometry.strideHeight + (geometry.kernelHeight - 1) * geometry.dilationHeight + 1
  }

  private var mostRows: Int {
    let lines = Self.stripBytes / max(lineBytes(columns: mostColumns), 1)
    let window = (geometry.kernelHeight - 1) * geometry.dilationHeight + 1
    return min(geometry.outputHeight, max(1, (lines - window) / geometry.strideHeight + 1))
  }

  /// With room for a quad to be read across the end.
  private var stripByteCount: Int {
    isDirect ? 0 : roundedUp(lines(rows: mostRows) * lineBytes(columns: mostColumns) + 3, to: 64)
  }

  func scratchByteCount(batch: Int, threads: Int) -> Int {
    initialByteCount + threads * stripByteCount
  }

  /// How many blocks the output is cut into, of about one size: along the lines, a multiple of the
  /// threads where there are enough of them.
  private func blockCounts(batch: Int, threads: Int) -> (down: Int, across: Int) {
    let height = geometry.outputHeight
    let least = (height + mostRows - 1) / mostRows
    let across = (geometry.outputWidth + mostColumns - 1) / mostColumns
    guard threads > 1 else { return (least, across) }
    let work =
      batch * height * geometry.outputWidth * product.panels.paddedDepth * geometry.outputChannels
    let wanted = min(4 * threads, work / Self.smallWork) / batch
    let even = roundedUp(max(least, wanted), to: wanted < threads ? 1 : threads)
    let down = min(even, height)
    return (down, max(across, min(wanted / down, geometry.outputWidth / Self.leastColumns)))
  }

  /// Calls `body` with the left rows of each line of output pixels, or part of one.
  private func forEachRow(
    _ input: UnsafePointer<UInt8>, pad: UInt8, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool, _ body: (_ left: kern_gemm_u8_rows, _ firstPixel: Int) -> Void
  ) {
    guard batch > 0 else { return }
    let (down, across) = blockCounts(batch: batch, threads: pool.threadCount)
    let (height, width) = (geometry.outputHeight, geometry.outputWidth)
    let strips = scratch + initialByteCount
    pool.dynamic(batch * down * across) { blocks, worker in
      let strip = (strips + worker * stripByteCount).assumingMemoryBound(to: UInt8.self)
      for index in blocks {
        let (image, part) = index.quotientAndRemainder(dividingBy: down * across)
        let (y, x) = part.quotientAndRemainder(dividingBy: across)
        run(
          Block(
            rows: height * y / down..<height * (y + 1) / down,
            columns: width * x / across..<width * (x + 1) / across),
          image: image, of: input, pad: pad, strip: strip, body)
      }
    }
  }

  private func run(
    _ block: Block, image: Int, of input: UnsafePointer<UInt8>, pad: UInt8,
    strip: UnsafeMutablePointer<UInt8>,
    _ body: (_ left: kern_gemm_u8_rows, _ firstPixel: Int) -> Void
  ) {
    let channels = geometry.inputChannels
    let image = (index: image, base: input + image * geometry.inputCount)
    var windows = UnsafePointer(strip)
    var lineStride = lineBytes(columns: block.columns.count)
    if isDirect {
      lineStride = geometry.inputWidth * channels
      windows =
        image.base + block.rows.lowerBound * geometry.strideHeight * lineStride
        + block.columns.lowerBound * geometry.strideWidth * channels
    } else {
      copyLines(under: block, of: image.base, pad: pad, to: strip)
    }
    for row in block.rows {
      let first = (row - block.rows.lowerBound) * geometry.strideHeight * lineStride
      body(
        kern_gemm_u8_rows(
          data: windows + first, stride: geometry.strideWidth * channels,
          rows: block.columns.count, runs: geometry.kernelHeight,
          run_quads: (geometry.kernelWidth * channels + 3) / 4,
          run_stride: geometry.dilationHeight * lineStride),
        (image.index * geometry.outputHeight + row) * geometry.outputWidth
          + block.columns.lowerBound)
    }
  }

  private func copyLines(
    under block: Block, of image: UnsafePointer<UInt8>, pad: UInt8,
    to strip: UnsafeMutablePointer<UInt8>
  ) {
    let channels = geometry.inputChannels
    let width = lineBytes(columns: block.columns.count)
    let firstColumn = block.columns.lowerBound * geometry.strideWidth - geometry.padLeft
    let before = min(max(-firstColumn, 0) * channels, width)
    let last = min(firstColumn + width / channels, geometry.inputWidth)
    let inside = max(last - max(firstColumn, 0), 0) * channels
    let firstLine = block.rows.lowerBound * geometry.strideHeight - geometry.padTop
    for index in 0..<lines(rows: block.rows.count) {
      let to = strip + index * width
      let line = firstLine + index
      guard line >= 0, line < geometry.inputHeight, inside > 0 else {
        to.update(repeating: pad, count: width)
        continue
      }
      to.update(repeating: pad, count: before)
      (to + before).update(
        from: image + (line * geometry.inputWidth + max(firstColumn, 0)) * channels, count: inside)
      (to + before + inside).update(repeating: pad, count: width - before - inside)
    }
  }
}

extension kern_gemm_u8_rows {
  /// Rows without gaps inside.
  init(data: UnsafePointer<UInt8>, stride: Int, rows: Int) {
    self.init(data: data, stride: stride, rows: rows, runs: 1, run_quads: 0, run_stride: 0)
  }
}
