/// Rows of real numbers times the constant weights of a recurrent layer.
package enum RecurrentProduct: Sendable {
  case floats(GEMMFloat)
  /// In integers, over codes that are made of the rows when they are known.
  case codes(DynamicProductInt8)

  package var columns: Int {
    switch self {
    case .floats(let product): product.columns
    case .codes(let product): product.columns
    }
  }

  package var depth: Int {
    switch self {
    case .floats(let product): product.depth
    case .codes(let product): product.depth
    }
  }

  package var kernelName: String {
    switch self {
    case .floats(let product): product.kernelName
    case .codes(let product): product.kernelName
    }
  }

  package var isInteger: Bool {
    if case .codes = self { true } else { false }
  }

  func scratchByteCount(rows: Int, threads: Int) -> Int {
    switch self {
    case .floats(let product): product.scratchByteCount(threads: threads)
    case .codes(let product): product.scratchByteCount(rows: rows, threads: threads)
    }
  }

  /// `[rows, depth]` to `[rows, columns]`.
  func run(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int,
    scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    guard rows > 0 else { return }
    switch self {
    case .floats(let product):
      product.run(input, into: output, rows: rows, scratch: scratch, pool: pool)
    case .codes(let product):
      product.run(input, into: output, rows: rows, scratch: scratch, pool: pool)
    }
  }

  /// What a row of zeros gives.
  func sumsAtZero() -> PackedFloats {
    let sums = PackedFloats(count: columns)
    let row = [Float](repeating: 0, count: max(depth, 1))
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: max(scratchByteCount(rows: 1, threads: 1), 1), alignment: 64)
    defer { scratch.deallocate() }
    run(row, into: sums.base, rows: 1, scratch: scratch, pool: ThreadPool(threads: 1))
    return sums
  }
}
