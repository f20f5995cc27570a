/// A transposed convolution whose windows lie side by side: the kernel is as large as the stride.
///
/// Each kernel row turns an input row into a whole output row, so that it is a matrix product with
/// the taps as columns, whose results stand where they belong.
struct TiledTransposeInt8: Sendable {
  private let geometry: ConvolutionTransposeGeometry
  /// One for each kernel row: `[inputChannels, kernelWidth * outputChannels]`.
  private let products: [GEMMInt8]
  private let inline = ThreadPool(threads: 1)

  /// `nil` when windows overlap, leave gaps or hang over the edges, or channels are in groups.
  init?(
    geometry: ConvolutionTransposeGeometry, weights: [Int8], inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    guard geometry.isTiled else { return nil }
    self.geometry = geometry
    let (channels, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let width = geometry.kernelWidth
    let taps = geometry.kernelHeight * width
    var repeated = requantization
    if repeated.multipliers.count > 1 {
      repeated.multipliers = (0..<width).flatMap { _ in requantization.multipliers }
    }
    repeated.biases = (0..<width).flatMap { _ in requantization.biases }
    products = (0..<geometry.kernelHeight).map { row in
      var columns: [Int8] = []
      columns.reserveCapacity(width * outputs * channels)
      for tap in row * width..<(row + 1) * width {
        for output in 0..<outputs {
          for channel in 0..<channels {
            columns.append(weights[(channel * outputs + output) * taps + tap])
          }
        }
      }
      return GEMMInt8(
        depth: channels, columns: width * outputs, weights: columns, transposed: true,
        inputMaximum: inputMaximum, requantization: repeated, isa: isa)
    }
  }

  var kernelName: String { products[0].kernelName }

  var provenSafeShare: Double {
    products.reduce(0) { $0 + $1.provenSafeShare } / Double(products.count)
  }

  func scratchByteCount(threads: Int) -> Int { threads * rowByteCount }

  func run(
    _ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, batch: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let inputRow = geometry.inputWidth * geometry.inputChannels
    let outputRow = geometry.outputWidth * geometry.outputChannels
    pool.dynamic(batch * geometry.inputHeight) { rows, worker in
      for row in rows {
        for (kernelRow, product) in products.enumerated() {
          product.run(
            input + row * inputRow, output + (row * products.count + kernelRow) * outputRow,
            rows: geometry.inputWidth, scratch: scratch + worker * rowByteCount, pool: inline)
        }
      }
    }
  }

  private var rowByteCount: Int {
    (products[0].scratchByteCount(rows: geometry.inputWidth, threads: 1) + 63) / 64 * 64
  }
}

extension ConvolutionTransposeGeometry {
  fileprivate var isTiled: Bool {
    kernelHeight == strideHeight && kernelWidth == strideWidth && groups == 1
      && (dilationHeight == 1 || kernelHeight == 1) && (dilationWidth == 1 || kernelWidth == 1)
      && [padTop, padLeft, padBottom, padRight, outputPaddingHeight, outputPaddingWidth]
        .allSatisfy { $0 == 0 }
  }
}
