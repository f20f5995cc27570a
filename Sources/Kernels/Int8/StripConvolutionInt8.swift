internal import CKernels

/// A convolution as a matrix product whose rows are read where they lie: what a window sees of one
/// line of the image is one run of bytes.
///
/// Lines are copied once, with their padding, and each serves all windows over it; where nothing is
/// padded the image itself is read. Kernels that add products in 16 bits find quads by their places
/// in such copies, and take them with their codes cut.
struct StripConvolutionInt8: ConvolutionBodyInt8 {
  private let geometry: ConvolutionGeometry
  private let product: MatrixProductInt8
  private let isa: InstructionSet
  let saturating: SaturationInt8
  let inputZeroPoint: UInt8

  /// With few columns tiles are less full, and with many channels copies of windows cost little.
  private static let leastColumns = 12
  private static let mostBusyChannels = 160

  /// Whether this is quicker than copies of the windows, for kernels that take rows in runs.
  static func pays(_ geometry: ConvolutionGeometry, isa: InstructionSet) -> Bool {
    guard isa != .scalar, geometry.groups == 1, geometry.dilationWidth == 1 else { return false }
    guard !geometry.isPointwise || geometry.inputChannels % 4 != 0 else { return false }
    guard isa.hasDotProduct || canBeCut(geometry) else { return false }
    return geometry.outputWidth >= leastColumns
      && (geometry.outputChannels <= mostBusyChannels || geometry.outputWidth >= 2 * leastColumns)
  }

  /// Whether quads have places, and windows more than one pixel: else cutting costs as much as in
  /// copies of the windows.
  private static func canBeCut(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.kernelHeight * geometry.kernelWidth > 1
      && geometry.kernelHeight * geometry.runQuads <= KERN_MOST_CUT_QUADS
      && geometry.lastQuadPlace <= Int(UInt16.max)
  }

  /// - `weightRows`: `[outputChannels, kernelHeight, kernelWidth, inputChannels]`.
  init(
    geometry: ConvolutionGeometry, weightRows: [Int8], inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    self.geometry = geometry
    self.isa = isa
    let columns = geometry.outputChannels
    let run = geometry.kernelWidth * geometry.inputChannels
    product = MatrixProductInt8(
      weightRows: Self.padded(weightRows, runs: columns * geometry.kernelHeight, of: run),
      depth: geometry.kernelHeight * roundedUp(run, to: 4), channels: 0..<columns,
      inputMaximum: inputMaximum, quadPlaces: isa.hasDotProduct ? nil : geometry.quadPlaces,
      requantization: requantization, isa: isa)
    saturating = SaturationInt8(
      weightRows: weightRows, columns: columns, inputMaximum: inputMaximum,
      requantization: requantization)
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

  var provenSafeShare: Double { saturating.provenSafeShare }

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

  /// Whether windows can be read in the image: they lie inside of it and end with whole quads.
  private var isDirect: Bool {
    isa.hasDotProduct && geometry.padTop == 0 && geometry.padLeft == 0 && geometry.padBottom == 0
      && geometry.padRight == 0 && geometry.kernelWidth * geometry.inputChannels % 4 == 0
  }

  /// A rectangle of output pixels, and the part of the image under its windows.
  private struct Block {
    let rows: Range<Int>
    let columns: Range<Int>
  }

  /// A strip fills this much of the first- and second-level caches.
  private static let stripBytes = 96 << 10
  /// Products not worth a block of their own.
  private static let smallWork = 1 << 19

  private func lines(rows: Int) -> Int {
    (rows - 1) * geometry.strideHeight + (geometry.kernelHeight - 1) * geometry.dilationHeight + 1
  }

  private var mostRows: Int {
    let lines = Self.stripBytes / max(geometry.stripLineStride, 1)
    let window = (geometry.kernelHeight - 1) * geometry.dilationHeight + 1
    return min(geometry.outputHeight, max(1, (lines - window) / geometry.strideHeight + 1))
  }

  /// With room for a quad to be read across the end.
  private func byteCount(rows: Int) -> Int {
    roundedUp(lines(rows: rows) * geometry.stripLineStride + 3, to: 32)
  }

  /// Rests of one in so many codes have room.
  private static let codesPerRest = 8

  /// What one thread keeps, in bytes: a strip, where its rests start, and the rests.
  private struct Layout {
    let starts, rests, restCapacity, byteCount: Int

    init(strip bytes: Int, isCut: Bool) {
      restCapacity = isCut ? bytes / codesPerRest : 0
      starts = roundedUp(bytes, to: 64)
      rests = starts + (isCut ? roundedUp((bytes / 32 + 1) * 4, to: 64) : 0)
      byteCount = rests + roundedUp(restCapacity * MemoryLayout<kern_code_rest>.stride, to: 64)
    }
  }

  private var layout: Layout {
    Layout(strip: isDirect ? 0 : byteCount(rows: mostRows), isCut: product.restShare != nil)
  }

  private struct Workspace {
    let strip: UnsafeMutablePointer<UInt8>
    let starts: UnsafeMutablePointer<UInt32>
    let rests: UnsafeMutablePointer<kern_code_rest>
    let restCapacity: Int

    init(at base: UnsafeMutableRawPointer, _ layout: Layout) {
      strip = base.assumingMemoryBound(to: UInt8.self)
      starts = (base + layout.starts).assumingMemoryBound(to: UInt32.self)
      rests = (base + layout.rests).assumingMemoryBound(to: kern_code_rest.self)
      restCapacity = layout.restCapacity
    }
  }

  var weightByteCount: Int { geometry.weightCount }

  func scratchByteCount(batch: Int, threads: Int) -> Int {
    initialByteCount + threads * layout.byteCount
  }

  /// How many blocks the output is cut into, of about one size: along the lines, a multiple of the
  /// threads where there are enough of them.
  private func blockCounts(batch: Int, threads: Int) -> (down: Int, across: Int) {
    let height = geometry.outputHeight
    let least = (height + mostRows - 1) / mostRows
    let mostColumns = geometry.mostStripColumns
    let across = (geometry.outputWidth + mostColumns - 1) / mostColumns
    guard threads > 1 else { return (least, across) }
    let work =
      batch * height * geometry.outputWidth * product.panels.paddedDepth * geometry.outputChannels
    let wanted = min(4 * threads, work / Self.smallWork) / batch
    let down = evenCount(around: wanted, least: least, threads: threads)
    return (down, max(across, min(wanted / down, geometry.outputWidth / Self.leastColumns)))
  }

  /// The count near `wanted` with which no thread has more lines to do than another.
  private func evenCount(around wanted: Int, least: Int, threads: Int) -> Int {
    let height = geometry.outputHeight
    let wanted = min(max(least, wanted), height)
    guard wanted >= threads else { return wanted }
    func lines(_ count: Int) -> Int {
      (height + count - 1) / count * ((count + threads - 1) / threads)
    }
    let counts = max(least, wanted / 2)...min(2 * wanted, height)
    return counts.min { (lines($0), abs($0 - wanted)) < (lines($1), abs($1 - wanted)) } ?? wanted
  }

  /// Calls `body` with the left rows of each line of output pixels, or part of one.
  private func forEachRow(
    _ input: UnsafePointer<UInt8>, pad: UInt8, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool, _ body: (_ left: kern_gemm_u8_rows, _ firstPixel: Int) -> Void
  ) {
    guard batch > 0 else { return }
    let (down, across) = blockCounts(batch: batch, threads: pool.threadCount)
    let (height, width) = (geometry.outputHeight, geometry.outputWidth)
    let layout = layout
    let strips = scratch + initialByteCount
    pool.dynamic(batch * down * across) { blocks, worker in
      let space = Workspace(at: strips + worker * layout.byteCount, layout)
      for index in blocks {
        let (image, part) = index.quotientAndRemainder(dividingBy: down * across)
        let (y, x) = part.quotientAndRemainder(dividingBy: across)
        run(
          Block(
            rows: height * y / down..<height * (y + 1) / down,
            columns: width * x / across..<width * (x + 1) / across),
          image: image, of: input, pad: pad, in: space, body)
      }
    }
  }

  private func run(
    _ block: Block, image: Int, of input: UnsafePointer<UInt8>, pad: UInt8,
    in space: Workspace,
    _ body: (_ left: kern_gemm_u8_rows, _ firstPixel: Int) -> Void
  ) {
    let channels = geometry.inputChannels
    let image = (index: image, base: input + image * geometry.inputCount)
    var windows = UnsafePointer(space.strip)
    var lineStride = geometry.stripLineStride
    var cut: kern_cut_codes?
    if isDirect {
      lineStride = geometry.inputWidth * channels
      windows =
        image.base + block.rows.lowerBound * geometry.strideHeight * lineStride
        + block.columns.lowerBound * geometry.strideWidth * channels
    } else {
      copyLines(under: block, of: image.base, pad: pad, to: space.strip)
      cut = cutCodes(rows: block.rows.count, pad: pad, in: space)
    }
    func multiply(_ cut: UnsafePointer<kern_cut_codes>?) {
      for row in block.rows {
        let first = (row - block.rows.lowerBound) * geometry.strideHeight * lineStride
        body(
          kern_gemm_u8_rows(
            data: windows + first, stride: geometry.strideWidth * channels,
            rows: block.columns.count, runs: geometry.kernelHeight,
            run_quads: geometry.runQuads, run_stride: geometry.dilationHeight * lineStride,
            cut: cut),
          (image.index * geometry.outputHeight + row) * geometry.outputWidth
            + block.columns.lowerBound)
      }
    }
    if let cut { withUnsafePointer(to: cut, multiply) } else { multiply(nil) }
  }

  /// Cuts the codes of a strip if that pays.
  private func cutCodes(rows: Int, pad: UInt8, in space: Workspace) -> kern_cut_codes? {
    guard let share = product.restShare else { return nil }
    let (filled, count) = (lines(rows: rows) * geometry.stripLineStride, byteCount(rows: rows))
    (space.strip + filled).update(repeating: pad, count: count - filled)
    var cut = kern_cut_codes(
      codes: space.strip, base: 0, starts: space.starts, rests: space.rests)
    let most = min(Int(Float(count) * share), space.restCapacity)
    let isCut = kern_int8_table_for(isa.kernelIsa).pointee.cut_u8(space.strip, count, most, &cut)
    return isCut ? cut : nil
  }

  private func copyLines(
    under block: Block, of image: UnsafePointer<UInt8>, pad: UInt8,
    to strip: UnsafeMutablePointer<UInt8>
  ) {
    let channels = geometry.inputChannels
    let width = geometry.stripLineStride
    let firstColumn = block.columns.lowerBound * geometry.strideWidth - geometry.padLeft
    let before = min(max(-firstColumn, 0) * channels, width)
    let columns = (block.columns.count - 1) * geometry.strideWidth + geometry.kernelWidth
    let last = min(firstColumn + columns, geometry.inputWidth)
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
    self.init(
      data: data, stride: stride, rows: rows, runs: 1, run_quads: 0, run_stride: 0, cut: nil)
  }
}

extension ConvolutionGeometry {
  /// Columns of results that one strip makes.
  fileprivate var mostStripColumns: Int { min(outputWidth, 512) }

  /// Bytes from line to line of a strip, in whole quads.
  fileprivate var stripLineStride: Int {
    roundedUp(((mostStripColumns - 1) * strideWidth + kernelWidth) * inputChannels, to: 4)
  }

  /// Quads that a window sees of one line.
  fileprivate var runQuads: Int { (kernelWidth * inputChannels + 3) / 4 }

  /// Where the quads of a window stand in a strip, in quads from its first.
  fileprivate var quadPlaces: [UInt16] {
    (0..<kernelHeight).flatMap { run in
      (0..<runQuads).map { UInt16(run * dilationHeight * stripLineStride / 4 + $0) }
    }
  }

  fileprivate var lastQuadPlace: Int {
    (kernelHeight - 1) * dilationHeight * stripLineStride / 4 + runQuads - 1
  }
}
