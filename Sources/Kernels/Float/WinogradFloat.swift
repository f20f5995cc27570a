internal import CKernels

/// A convolution of 3 × 3 taps that lie side by side, as products of transformed tiles: 16
/// multiplications give four neighbouring results, which take 36 otherwise.
///
/// Sums differ from those of the plain form by roundings of about twice their size. A value that is
/// not finite reaches all four results of its tile. Source: Winograd's F(2 × 2, 3 × 3).
///
/// One object, since every run of a convolution hands it on.
final class WinogradFloat: Sendable {
  private let geometry: ConvolutionGeometry
  /// One product for each of the numbers of a tile.
  private let products: [PackedPanels]
  private let bias: PackedFloats
  private let zeros: PackedFloats
  private let activation: FloatActivation
  private let isa: InstructionSet

  private static let numbers = Int(KERN_WINOGRAD_NUMBERS)
  private static let results = Int(KERN_WINOGRAD_RESULTS)

  /// Transforms cost as much as some dozen channels of products, and with few tiles the weights,
  /// of which there are 16 for 9, are read too often.
  static func pays(_ geometry: ConvolutionGeometry, isa: InstructionSet) -> Bool {
    geometry.kernelHeight == 3 && geometry.kernelWidth == 3 && geometry.groups == 1
      && geometry.strideHeight == 1 && geometry.strideWidth == 1
      && geometry.dilationHeight == 1 && geometry.dilationWidth == 1
      && geometry.inputChannels >= leastInputs && geometry.outputChannels >= leastOutputs
      && geometry.inputChannels * geometry.outputChannels >= leastWidth * isa.widestFloatPanel
      && tileCount(geometry) >= leastTiles
  }

  private static let leastInputs = 32
  private static let leastOutputs = 24
  /// Wide panels make products cheaper, and so what transforms save.
  private static let leastWidth = 48
  private static let leastTiles = 24

  private static func tileCount(_ geometry: ConvolutionGeometry) -> Int {
    (geometry.outputHeight + 1) / 2 * ((geometry.outputWidth + 1) / 2)
  }

  /// - `weights`: `[outputChannels, inputChannels, 3, 3]`.
  init(
    geometry: ConvolutionGeometry, weights: [Float], bias: [Float]?, activation: FloatActivation,
    isa: InstructionSet
  ) {
    self.geometry = geometry
    self.activation = activation
    self.isa = isa
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    self.bias = PackedFloats(count: roundedUp(outputs, to: 32))
    for (channel, value) in (bias ?? []).enumerated() { self.bias.base[channel] = value }
    zeros = PackedFloats(count: inputs)
    let transformed = Self.transformed(weights)
    let each = inputs * outputs
    products = transformed.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("no weights") }
      return (0..<Self.numbers).map { number in
        PackedPanels(
          taps: 1, channels: inputs, columns: outputs,
          source: PackedPanels.Source(
            base: base + number * each, tapStride: 0, channelStride: 1, columnStride: inputs),
          bias: nil, isa: isa)
      }
    }
  }

  /// `G w Gᵀ` of every kernel: `[16, outputChannels, inputChannels]`.
  private static func transformed(_ weights: [Float]) -> [Float] {
    let count = weights.count / 9
    var result = [Float](repeating: 0, count: numbers * count)
    func spread(_ a: Double, _ b: Double, _ c: Double) -> [Double] {
      [a, (a + b + c) / 2, (a - b + c) / 2, c]
    }
    for kernel in 0..<count {
      func weight(_ index: Int) -> Double { Double(weights[kernel * 9 + index]) }
      let columns = (0..<3).map { spread(weight($0), weight(3 + $0), weight(6 + $0)) }
      for y in 0..<4 {
        for (x, value) in spread(columns[0][y], columns[1][y], columns[2][y]).enumerated() {
          result[(4 * y + x) * count + kernel] = Float(value)
        }
      }
    }
    return result
  }

  var weightByteCount: Int { 4 * Self.numbers * geometry.weightCount / 9 }

  var kernelName: String { "f32-winograd-\(isa.floatTile)-\(isa.forFloats.rawValue)" }

  private var tilesAcross: Int { (geometry.outputWidth + 1) / 2 }
  private var tilesPerImage: Int { Self.tileCount(geometry) }

  /// Transformed tiles of one block fill this much of the second-level cache.
  private static let blockFloats = 1 << 18
  /// Products not worth a block of their own.
  private static let smallWork = 1 << 18

  private var mostTiles: Int {
    let fitting = Self.blockFloats / (Self.numbers * geometry.inputChannels)
    return min(128, max(24, fitting / 8 * 8))
  }

  /// Blocks of about one size, as many as threads or a multiple of that.
  private func blockCount(tiles: Int, threads: Int) -> Int {
    let least = (tiles + mostTiles - 1) / mostTiles
    guard threads > 1 else { return least }
    let work = tiles * Self.numbers * geometry.inputChannels * geometry.outputChannels
    let wanted = min(3 * threads, work / Self.smallWork, tiles / Self.leastRows)
    return roundedUp(max(least, wanted), to: wanted < threads ? 1 : threads)
  }

  /// Tiles that are worth reading all weights again.
  private static let leastRows = 20

  /// Scratch memory of one thread.
  private struct Workspace {
    let numbers: UnsafeMutablePointer<Float>
    let products: UnsafeMutablePointer<Float>
    let pixels: UnsafeMutablePointer<UnsafePointer<Float>>
    let rows: UnsafeMutablePointer<UnsafePointer<Float>>
    let places: UnsafeMutablePointer<Int>
  }

  /// Elements from number to number of so many tiles.
  private static func plane(tiles: Int, width: Int) -> Int {
    kern_winograd_plane(tiles * width * 4) / 4
  }

  private struct Layout {
    let products, pixels, rows, places, byteCount: Int

    init(tiles: Int, channels: Int, width: Int) {
      products = numbers * 4 * plane(tiles: tiles, width: channels)
      pixels = products + numbers * 4 * plane(tiles: tiles, width: width)
      rows = pixels + tiles * numbers * 8
      places = rows + tiles * numbers * 8
      byteCount = places + roundedUp(tiles * results * 8, to: 64)
    }
  }

  private var layout: Layout {
    Layout(
      tiles: mostTiles, channels: geometry.inputChannels, width: isa.widestFloatPanel)
  }

  func scratchByteCount(threads: Int) -> Int { threads * layout.byteCount }

  /// As `ConvolutionFloat.run`.
  func run(
    _ input: UnsafePointer<Float>, addend: UnsafePointer<Float>?,
    into output: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let tiles = batch * tilesPerImage
    guard tiles > 0 else { return }
    let count = blockCount(tiles: tiles, threads: pool.threadCount)
    let layout = layout
    pool.dynamic(count) { blocks, worker in
      let memory = scratch + worker * layout.byteCount
      let space = Workspace(
        numbers: memory.assumingMemoryBound(to: Float.self),
        products: (memory + layout.products).assumingMemoryBound(to: Float.self),
        pixels: (memory + layout.pixels).assumingMemoryBound(to: UnsafePointer<Float>.self),
        rows: (memory + layout.rows).assumingMemoryBound(to: UnsafePointer<Float>.self),
        places: (memory + layout.places).assumingMemoryBound(to: Int.self))
      for block in blocks {
        run(
          tiles: tiles * block / count..<tiles * (block + 1) / count, of: input, addend: addend,
          into: output, space)
      }
    }
  }

  private func run(
    tiles: Range<Int>, of input: UnsafePointer<Float>, addend: UnsafePointer<Float>?,
    into output: UnsafeMutablePointer<Float>, _ space: Workspace
  ) {
    for (index, tile) in tiles.enumerated() {
      find(
        tile, in: input, pixels: space.pixels + index * Self.numbers,
        places: space.places + index * Self.results)
    }
    let table = kern_winograd_table_for(isa.kernelIsa).pointee
    let channels = geometry.inputChannels
    let plane = Self.plane(tiles: tiles.count, width: channels)
    table.input(space.pixels, tiles.count, channels, space.numbers, plane)
    for number in 0..<Self.numbers {
      for tile in 0..<tiles.count {
        space.rows[number * tiles.count + tile] = UnsafePointer(
          space.numbers + number * plane + tile * channels)
      }
    }
    for index in products[0].panels.indices {
      multiply(panel: index, tiles: tiles.count, space)
      let panel = products[0].panels[index]
      let bounds = activation.bounds
      var results = kern_winograd_results(
        products: space.products, stride: Self.plane(tiles: tiles.count, width: panel.width),
        tiles: tiles.count, width: panel.width, columns: panel.columns,
        bias: bias.base + panel.firstColumn, places: space.places,
        output: output + panel.firstColumn, addend: addend.map { $0 + panel.firstColumn },
        low: bounds.low, high: bounds.high)
      table.output(&results)
    }
    guard activation.needsPass else { return }
    for index in 0..<tiles.count * Self.results where space.places[index] != outside {
      let pixel = output + space.places[index]
      activation.apply(pixel, into: pixel, count: geometry.outputChannels, isa: isa)
    }
  }

  /// All numbers of all tiles times one panel of columns.
  private func multiply(panel index: Int, tiles: Int, _ space: Workspace) {
    let kernel = isa.floatKernels.igemm
    let channels = geometry.inputChannels
    for (number, product) in products.enumerated() {
      let panel = product.panels[index]
      let base = product.view.base
      // Of the number that follows; behind the last one, of the next columns.
      let isLast = number + 1 == products.count
      let next = products[isLast ? 0 : number + 1].view
      let following = next.panels[isLast ? (index + 1) % next.panels.count : index]
      var block = kern_igemm_f32_block(
        rows: space.rows + number * tiles, row_stride: tiles, taps: 1, channels: channels,
        panel: base + panel.offset, columns: panel.width, bias: base + panel.firstColumn,
        addend: nil, output: space.products + number * Self.plane(tiles: tiles, width: panel.width),
        output_stride: panel.width, next: next.base + following.offset, low: -.infinity,
        high: .infinity,
        hard_swish: false)
      kernel(&block, panel.width, tiles)
    }
  }

  private var outside: Int { Int(bitPattern: UInt.max) }

  /// Where the pixels of a tile lie, and where its results go.
  private func find(
    _ tile: Int, in input: UnsafePointer<Float>,
    pixels: UnsafeMutablePointer<UnsafePointer<Float>>, places: UnsafeMutablePointer<Int>
  ) {
    let (image, number) = tile.quotientAndRemainder(dividingBy: tilesPerImage)
    let (tileRow, tileColumn) = number.quotientAndRemainder(dividingBy: tilesAcross)
    let (y, x) = (2 * tileRow, 2 * tileColumn)
    for row in 0..<4 {
      let line = y + row - geometry.padTop
      let isInside = line >= 0 && line < geometry.inputHeight
      let start =
        input + image * geometry.inputCount
        + (isInside ? line * geometry.inputWidth * geometry.inputChannels : 0)
      for column in 0..<4 {
        let place = x + column - geometry.padLeft
        pixels[4 * row + column] =
          isInside && place >= 0 && place < geometry.inputWidth
          ? start + place * geometry.inputChannels : UnsafePointer(zeros.base)
      }
    }
    for row in 0..<2 {
      for column in 0..<2 {
        let isInside = y + row < geometry.outputHeight && x + column < geometry.outputWidth
        let pixel = (y + row) * geometry.outputWidth + x + column
        places[2 * row + column] =
          isInside ? image * geometry.outputCount + pixel * geometry.outputChannels : outside
      }
    }
  }
}
