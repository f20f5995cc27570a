internal import CKernels

/// A convolution of 3 × 3 taps that lie side by side, as products of transformed tiles: 36
/// multiplications of 16 bits give sixteen neighbouring results, which take 144 of 8 bits otherwise.
///
/// Exact: sums are kept modulo 2³², where the 576 that products are too large by can be divided out
/// of any result that is small enough, and `WinogradInt8.holds` proves that of the weights. Source:
/// Winograd's F(4 × 4, 3 × 3).
struct WinogradInt8: ConvolutionBodyInt8 {
  private let geometry: ConvolutionGeometry
  private let isa: InstructionSet
  /// Of groups of panels: `[36, panels, inputChannels / 2, 16, 2]`.
  private let weights: ConstantBuffer<Int16>
  private let weightSums: [Int32]
  private let requantization: PackedRequantization
  private let pad: ConstantBuffer<UInt8>
  let saturating: SaturationInt8
  let inputZeroPoint: UInt8

  private static let numbers = Int(KERN_WINOGRAD_U8_NUMBERS)
  private static let resultSide = Int(KERN_WINOGRAD_U8_RESULT_SIDE)
  private static let panelWidth = Int8Panels.width

  // MARK: Choosing

  /// Whether every sum, with its bias and for any zero point, is small enough to be found.
  /// - `weightRows`: `[outputChannels, depth]`.
  static func holds(weightRows: [Int8], depth: Int, requantization: Requantization) -> Bool {
    let limit = 1 << Int(KERN_WINOGRAD_U8_RESULT_BITS)
    return weightRows.withUnsafeBufferPointer { rows in
      (0..<rows.count / max(depth, 1)).allSatisfy { column in
        var (positive, negative) = (0, 0)
        for weight in rows[column * depth..<(column + 1) * depth] {
          positive += max(Int(weight), 0)
          negative -= min(Int(weight), 0)
        }
        let bias = Int(requantization.bias(channel: column)).magnitude
        return 255 * max(positive, negative) + Int(bias) < limit
      }
    }
  }

  /// What each part takes, in products that the plain form makes in that time; measured.
  private struct Cost {
    /// One product of 16 bits, and reading one weight.
    let product, weight: Double
    /// Transforming one channel of a tile, and one column of its products.
    let input, output: Double

    static let dotProduct = Cost(product: 2, weight: 60, input: 770, output: 1_500)
    static let pairs = Cost(product: 1.65, weight: 18, input: 305, output: 835)

    /// `nil` where there are no kernels of its own, beside products that are as quick as here.
    init?(of isa: InstructionSet) {
      switch isa {
      case .avx2, .avx512: self = .pairs
      case .avx512vnni: self = .dotProduct
      case .scalar, .avxvnni, .neon, .neondot: return nil
      }
    }

    private init(product: Double, weight: Double, input: Double, output: Double) {
      (self.product, self.weight, self.input, self.output) = (product, weight, input, output)
    }
  }

  /// Whether this is quicker than the plain form. Weights take eight times the memory, so that few
  /// tiles do not pay.
  static func pays(_ geometry: ConvolutionGeometry, isa: InstructionSet) -> Bool {
    guard let cost = Cost(of: isa), fits(geometry) else { return false }
    let tiles = Double(tileCount(geometry))
    let (inputs, outputs) = (
      Double(geometry.inputChannels), Double(roundedUp(geometry.outputChannels, to: panelWidth))
    )
    let products = Double(numbers) * inputs * outputs * max(tiles * cost.product, cost.weight)
    let transforms = tiles * (cost.input * inputs + cost.output * outputs)
    let plain = Double(geometry.outputHeight * geometry.outputWidth * 9) * inputs * outputs
    return products + transforms < 0.95 * plain
  }

  /// Whether this computes such a convolution.
  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.kernelHeight == 3 && geometry.kernelWidth == 3 && geometry.groups == 1
      && geometry.strideHeight == 1 && geometry.strideWidth == 1
      && geometry.dilationHeight == 1 && geometry.dilationWidth == 1
      && geometry.inputChannels.isMultiple(of: 2)
  }

  // MARK: Packing

  /// - `weightRows`: `[outputChannels, 3, 3, inputChannels]`.
  init(
    geometry: ConvolutionGeometry, weightRows: [Int8], inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    self.geometry = geometry
    self.isa = isa
    let (columns, depth) = (geometry.outputChannels, 9 * geometry.inputChannels)
    let padded = roundedUp(columns, to: Self.panelWidth)
    weights = ConstantBuffer(count: Self.numbers * padded * geometry.inputChannels) { packed in
      kern_winograd_s8_weights(
        weightRows, columns, geometry.inputChannels, isa.winogradPanels, packed)
    }
    weightSums = (0..<columns).map { column in
      weightRows[column * depth..<(column + 1) * depth].reduce(0) { $0 + Int32($1) }
    }
    self.requantization = PackedRequantization(
      requantization, channels: 0..<columns, weightSums: weightSums,
      largestSum: 1 << Int(KERN_WINOGRAD_U8_RESULT_BITS), paddedCount: padded)
    inputZeroPoint = requantization.inputZeroPoint
    pad = ConstantBuffer(
      [UInt8](repeating: inputZeroPoint, count: geometry.inputChannels), padding: 0)
    saturating = SaturationInt8(
      weightRows: weightRows, columns: columns, inputMaximum: inputMaximum,
      requantization: requantization)
  }

  var provenSafeShare: Double { saturating.provenSafeShare }

  var safeRun: Double? { nil }

  var weightByteCount: Int { weights.count * MemoryLayout<Int16>.stride }

  var kernelName: String {
    switch isa {
    case .scalar, .neon, .neondot: "u8s8-winograd-scalar"
    case .avx512vnni: "u8s8-winograd-vpdpwssd-12x32"
    case .avx2, .avxvnni, .avx512: "u8s8-winograd-vpmaddwd-6x16"
    }
  }

  // MARK: Running

  func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let table = kern_winograd_u8_table_for(isa.kernelIsa).pointee
    let requantization = requantization
    forEachPiece(input, pad: pad.base, batch: batch, scratch: scratch, pool: pool) { piece in
      var (shape, sums) = (shape, piece.sums(initial: requantization.initial.base))
      var change = requantization.kernelValue
      change.multipliers += piece.firstColumn
      table.codes(&shape, &sums, &change, output + piece.firstColumn)
    }
    guard let codes = requantization.table else { return }
    let kernel = kern_int8_table_for(isa.kernelIsa).pointee.table_u8
    pool.parallel(batch * geometry.outputCount, grain: Self.tableGrain) { range in
      let pixels = output + range.lowerBound
      kernel(codes.base, pixels, pixels, range.count)
    }
  }

  /// Codes that are worth a thread.
  private static let tableGrain = 1 << 15

  func runAccumulators(
    _ input: UnsafePointer<UInt8>, zeroPoint: UInt8, _ output: UnsafeMutablePointer<Int32>,
    batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let table = kern_winograd_u8_table_for(isa.kernelIsa).pointee
    let initial = scratch.bindMemory(to: Int32.self, capacity: paddedColumns)
    weightSums.fillInitial(initial, count: paddedColumns, zeroPoint: zeroPoint)
    let pad = (scratch + paddedColumns * 4).bindMemory(
      to: UInt8.self, capacity: geometry.inputChannels)
    pad.update(repeating: zeroPoint, count: geometry.inputChannels)
    forEachPiece(input, pad: pad, batch: batch, scratch: scratch, pool: pool) { piece in
      var (shape, sums) = (shape, piece.sums(initial: initial))
      table.sums(&shape, &sums, output + piece.firstColumn)
    }
  }

  private var paddedColumns: Int { roundedUp(geometry.outputChannels, to: Self.panelWidth) }
  private var panelCount: Int { paddedColumns / Self.panelWidth }
  private var groupCount: Int { (panelCount + isa.winogradPanels - 1) / isa.winogradPanels }

  private var shape: kern_winograd_u8_shape {
    let tiles = Self.tiles(over: geometry)
    return kern_winograd_u8_shape(
      height: geometry.inputHeight, width: geometry.inputWidth, channels: geometry.inputChannels,
      pad_top: geometry.padTop, pad_left: geometry.padLeft,
      output_height: geometry.outputHeight, output_width: geometry.outputWidth,
      output_channels: geometry.outputChannels,
      tiles_across: tiles.across, tiles_down: tiles.down)
  }

  private static func tiles(over geometry: ConvolutionGeometry) -> (down: Int, across: Int) {
    (
      (geometry.outputHeight + resultSide - 1) / resultSide,
      (geometry.outputWidth + resultSide - 1) / resultSide
    )
  }

  private static func tileCount(_ geometry: ConvolutionGeometry) -> Int {
    let tiles = tiles(over: geometry)
    return tiles.down * tiles.across
  }

  // MARK: Blocks

  /// Products of some tiles and one group of columns.
  private struct Piece {
    let products: UnsafePointer<Int32>
    let stride: Int
    let tiles: Range<Int>
    let firstColumn, columns, width: Int

    func sums(initial: UnsafePointer<Int32>) -> kern_winograd_u8_sums {
      kern_winograd_u8_sums(
        products: products, stride: stride, first: tiles.lowerBound, count: tiles.count,
        width: width, columns: columns, initial: initial + firstColumn)
    }
  }

  /// Transformed tiles of a block take this much: with their products and the weights they fit the
  /// second-level cache.
  private static let blockBytes = max(Int(kern_cache_bytes(2)) / 4, 192 << 10)
  /// Tiles that are worth reading all weights again.
  private static let leastTiles = 16
  /// Products not worth a block of their own.
  private static let smallWork = 1 << 19

  private func mostTiles(batch: Int) -> Int {
    let fitting = Self.blockBytes / (Self.numbers * geometry.inputChannels * 2)
    return min(max(fitting, Self.leastTiles), batch * Self.tileCount(geometry))
  }

  /// How the work is cut: into blocks of tiles, each with all columns; or, where those are too few,
  /// into groups of columns, each with all tiles, whose transforms are made before.
  private enum Cut {
    case tiles(blocks: Int)
    case columns
  }

  private func cut(batch: Int, threads: Int) -> Cut {
    let tiles = batch * Self.tileCount(geometry)
    let most = mostTiles(batch: batch)
    let least = (tiles + most - 1) / most
    let work = tiles * Self.numbers * geometry.inputChannels * geometry.outputChannels
    guard threads > 1, work >= 2 * Self.smallWork else { return .tiles(blocks: least) }
    if tiles / threads < Self.leastTiles, least == 1, groupCount >= threads { return .columns }
    let wanted = min(2 * threads, work / Self.smallWork, tiles / Self.leastTiles)
    return .tiles(blocks: roundedUp(max(least, wanted), to: wanted < threads ? 1 : threads))
  }

  /// Bytes of what `runAccumulators` finds for one run.
  private var constantBytes: Int {
    roundedUp(paddedColumns * 4 + geometry.inputChannels, to: 64)
  }

  /// Elements from number to number of so many tiles.
  private func plane<Element>(of type: Element.Type, tiles: Int, width: Int) -> Int {
    let size = MemoryLayout<Element>.stride
    return kern_winograd_plane(tiles * width * size) / size
  }

  private func codeBytes(batch: Int) -> Int {
    Self.numbers * 2
      * plane(of: Int16.self, tiles: mostTiles(batch: batch), width: geometry.inputChannels)
  }

  private func productBytes(batch: Int) -> Int {
    Self.numbers * 4
      * plane(
        of: Int32.self, tiles: mostTiles(batch: batch), width: isa.winogradPanels * Self.panelWidth)
  }

  func scratchByteCount(batch: Int, threads: Int) -> Int {
    constantBytes + threads * (codeBytes(batch: batch) + productBytes(batch: batch))
  }

  /// Calls `finish` with the products of every tile and column.
  private func forEachPiece(
    _ input: UnsafePointer<UInt8>, pad: UnsafePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool, _ finish: (Piece) -> Void
  ) {
    let tiles = batch * Self.tileCount(geometry)
    guard tiles > 0 else { return }
    let table = kern_winograd_u8_table_for(isa.kernelIsa).pointee
    let (codeBytes, productBytes) = (codeBytes(batch: batch), productBytes(batch: batch))
    let base = scratch + constantBytes
    let products = base + pool.threadCount * codeBytes
    func codes(_ worker: Int) -> UnsafeMutablePointer<Int16> {
      (base + worker * codeBytes).assumingMemoryBound(to: Int16.self)
    }
    func multiply(_ tiles: Range<Int>, _ codes: UnsafePointer<Int16>, group: Int, worker: Int) {
      let space = (products + worker * productBytes).assumingMemoryBound(to: Int32.self)
      finish(piece(tiles, of: codes, group: group, into: space, table.multiply))
    }
    let channels = geometry.inputChannels
    switch cut(batch: batch, threads: pool.threadCount) {
    case .tiles(let count):
      pool.dynamic(count) { blocks, worker in
        for block in blocks {
          let part = tiles * block / count..<tiles * (block + 1) / count
          var shape = shape
          table.input(
            &shape, input, pad, part.lowerBound, part.count, codes(worker),
            plane(of: Int16.self, tiles: part.count, width: channels))
          for group in 0..<groupCount {
            multiply(part, codes(worker), group: group, worker: worker)
          }
        }
      }
    case .columns:
      let shared = codes(0)
      pool.parallel(tiles) { part in
        var shape = shape
        table.input(
          &shape, input, pad, part.lowerBound, part.count, shared + part.lowerBound * channels,
          plane(of: Int16.self, tiles: tiles, width: channels))
      }
      pool.dynamic(groupCount) { groups, worker in
        for group in groups { multiply(0..<tiles, shared, group: group, worker: worker) }
      }
    }
  }

  /// All numbers of some tiles times one group of panels.
  private func piece(
    _ tiles: Range<Int>, of codes: UnsafePointer<Int16>, group: Int,
    into products: UnsafeMutablePointer<Int32>,
    _ multiply: kern_winograd_u8_table.Multiply
  ) -> Piece {
    let channels = geometry.inputChannels
    let first = group * isa.winogradPanels
    let panels = min(isa.winogradPanels, panelCount - first)
    let size = panels * channels * Self.panelWidth
    let start = weights.base + first * Self.numbers * channels * Self.panelWidth
    let width = panels * Self.panelWidth
    let codePlane = plane(of: Int16.self, tiles: tiles.count, width: channels)
    let productPlane = plane(of: Int32.self, tiles: tiles.count, width: width)
    for number in 0..<Self.numbers {
      let here = start + number * size
      // Behind the last group comes the first again, for the tiles that follow.
      let isLast = number + 1 == Self.numbers && group + 1 == groupCount
      var product = kern_winograd_u8_product(
        codes: codes + number * codePlane, rows: tiles.count, pairs: channels / 2,
        panels: panels, weights: here, next: isLast ? weights.base : here + size)
      multiply(&product, products + number * productPlane)
    }
    let firstColumn = first * Self.panelWidth
    return Piece(
      products: products, stride: productPlane, tiles: tiles, firstColumn: firstColumn,
      columns: min(width, geometry.outputChannels - firstColumn), width: width)
  }
}

extension InstructionSet {
  /// Panels that one product of transformed tiles takes.
  fileprivate var winogradPanels: Int { self == .avx512vnni ? 2 : 1 }
}

extension kern_winograd_u8_table {
  fileprivate typealias Multiply =
    @convention(c) (UnsafePointer<kern_winograd_u8_product>, UnsafeMutablePointer<Int32>) -> Void
}
