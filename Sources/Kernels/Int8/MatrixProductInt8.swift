internal import CKernels

/// Rows of codes times constant weights, requantized: the inner part of a convolution and of a
/// GEMM.
struct MatrixProductInt8: Sendable {
  let panels: Int8Panels
  let requantization: PackedRequantization
  let isa: InstructionSet

  /// Where results go: column 0 of the first row, and the elements from row to row.
  struct Destination<Element> {
    var base: UnsafeMutablePointer<Element>
    var stride: Int
  }

  /// - `weightRows`: `[channels, depth]`.
  /// - `channels`: those of `requantization` that the columns are.
  init(
    weightRows: [Int8], depth: Int, channels: Range<Int>, inputMaximum: UInt8,
    requantization: Requantization, isa: InstructionSet
  ) {
    panels = Int8Panels(
      rows: weightRows, columns: channels.count, depth: depth, inputMaximum: inputMaximum)
    self.requantization = PackedRequantization(
      requantization, channels: channels, weightSums: panels.weightSums,
      largestSum: panels.depth * 255 * 128, paddedCount: panels.paddedColumns)
    self.isa = isa
  }

  /// - `rows`: each has `panels.paddedDepth` readable bytes.
  func run(
    _ rows: kern_gemm_u8_rows, to output: Destination<UInt8>, panels range: Range<Int>
  ) {
    let kernels = kern_int8_table_for(isa.kernelIsa).pointee
    var rows = rows
    var packed = panels.kernelValue
    var requantization = requantization.kernelValue
    kernels.gemm_u8s8_u8(
      &packed, &rows, self.requantization.initial.base, &requantization, output.base,
      output.stride, range.lowerBound, range.upperBound)
    guard let table = self.requantization.table else { return }
    // The codes were written just now and are still in the cache.
    let first = range.lowerBound * Int8Panels.width
    let count = min(range.upperBound * Int8Panels.width, panels.columns) - first
    if count == output.stride {
      kernels.table_u8(table.base, output.base, output.base, count * rows.rows)
    } else {
      for row in 0..<rows.rows {
        let codes = output.base + row * output.stride + first
        kernels.table_u8(table.base, codes, codes, count)
      }
    }
  }

  /// - `initial`: what each column's accumulators start from, `panels.paddedColumns` of them.
  func runAccumulators(
    _ rows: kern_gemm_u8_rows, initial: UnsafePointer<Int32>, to output: Destination<Int32>,
    panels range: Range<Int>
  ) {
    var rows = rows
    var packed = panels.kernelValue
    kern_int8_table_for(isa.kernelIsa).pointee.gemm_u8s8_s32(
      &packed, &rows, initial, output.base, output.stride, range.lowerBound, range.upperBound)
  }

  /// Writes `-zeroPoint * sum of weights` for each padded column.
  func fillInitial(_ initial: UnsafeMutablePointer<Int32>, zeroPoint: UInt8) {
    for column in 0..<panels.paddedColumns {
      initial[column] = column < panels.columns ? -Int32(zeroPoint) &* panels.weightSums[column] : 0
    }
  }
}

extension Sequence<MatrixProductInt8> {
  /// The instructions that run, as shown to people.
  var kernelName: String {
    var isScalar = false
    var splits = false
    var doubles = true
    for product in self {
      isScalar = isScalar || product.isa == .scalar
      splits = splits || product.panels.extraCount > 0
      doubles = doubles && product.panels.doubleStepCount == product.panels.count
    }
    if isScalar { return "u8s8-scalar" }
    return "u8s8-maddubs" + (doubles ? "-x2" : "") + (splits ? "-split" : "")
  }
}
