internal import CKernels

/// Rows of codes times constant weights, requantized: the inner part of a convolution and of a
/// GEMM.
struct MatrixProductInt8: Sendable {
  /// For any input.
  let panels: Int8Panels
  /// Faster ones, for inputs up to their `safeInputMaximum`.
  ///
  /// Calibration commonly leaves codes above 127 to values beyond all samples, but what makes the
  /// codes can still store them. The rows of each run decide which panels multiply them.
  fileprivate let lightPanels: Int8Panels?
  let requantization: PackedRequantization
  let isa: InstructionSet

  /// Codes that 7-bit calibration keeps to.
  private static let likelyMaximum: UInt8 = 127
  /// Looking for the largest code takes about a step for each row.
  private static let lookCost = 1.0

  /// Where results go: column 0 of the first row, and the elements from row to row.
  struct Destination<Element> {
    var base: UnsafeMutablePointer<Element>
    var stride: Int
  }

  /// - `weightRows`: `[channels, depth]`.
  /// - `channels`: those of `requantization` that the columns are.
  /// - `expectsSmallCodes`: whether it is worth a look if all codes of a run are small.
  init(
    weightRows: [Int8], depth: Int, channels: Range<Int>, inputMaximum: UInt8,
    expectsSmallCodes: Bool = true, requantization: Requantization, isa: InstructionSet
  ) {
    panels = Int8Panels(
      rows: weightRows, columns: channels.count, depth: depth, inputMaximum: inputMaximum,
      isGuarded: !isa.hasDotProduct)
    var light: Int8Panels?
    if expectsSmallCodes, inputMaximum > Self.likelyMaximum, isa != .scalar, !isa.hasDotProduct {
      light = Int8Panels(
        rows: weightRows, columns: channels.count, depth: depth, inputMaximum: Self.likelyMaximum)
    }
    let cost = panels.cost
    lightPanels = light.flatMap { $0.cost + Self.lookCost < cost ? $0 : nil }
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
    var packed = kernelValue(for: rows)
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
    var packed = kernelValue(for: rows)
    kern_int8_table_for(isa.kernelIsa).pointee.gemm_u8s8_s32(
      &packed, &rows, initial, output.base, output.stride, range.lowerBound, range.upperBound)
  }

  /// The sums made real.
  func runReals(
    _ rows: kern_gemm_u8_rows, initial: UnsafePointer<Int32>, scaling: kern_sum_scaling,
    to output: Destination<Float>, panels range: Range<Int>
  ) {
    var rows = rows
    var packed = kernelValue(for: rows)
    var scaling = scaling
    kern_int8_table_for(isa.kernelIsa).pointee.gemm_u8s8_f32(
      &packed, &rows, initial, &scaling, output.base, output.stride, range.lowerBound,
      range.upperBound)
  }

  /// The fastest panels that no code of `rows` lets overflow.
  private func kernelValue(for rows: kern_gemm_u8_rows) -> kern_gemm_u8s8_panels {
    guard let lightPanels else { return panels.kernelValue }
    let kernel = kern_int8_table_for(isa.kernelIsa).pointee.largest_u8
    let depth = panels.paddedDepth
    let limit = lightPanels.safeInputMaximum
    // Rows without gaps; the last one may be followed by less than a quad.
    if rows.stride == depth || rows.stride == panels.depth {
      return kernel(rows.data, rows.rows * rows.stride) <= limit
        ? lightPanels.kernelValue : panels.kernelValue
    }
    for row in 0..<rows.rows where kernel(rows.data + row * rows.stride, depth) > limit {
      return panels.kernelValue
    }
    return lightPanels.kernelValue
  }

  /// Writes `-zeroPoint * sum of weights` for each padded column.
  func fillInitial(_ initial: UnsafeMutablePointer<Int32>, zeroPoint: UInt8) {
    let factor = -Int32(zeroPoint)
    panels.weightSums.withUnsafeBufferPointer { sums in
      for column in sums.indices { initial[column] = factor &* sums[column] }
    }
    for column in panels.columns..<panels.paddedColumns { initial[column] = 0 }
  }
}

extension Sequence<MatrixProductInt8> {
  /// Products that are added in 16 bits before a sum widens, in the panels that most runs take;
  /// `nil` where sums have 32 bits at once.
  var safeRun: Int? {
    var shortest: Int?
    for product in self {
      guard product.isa != .scalar, !product.isa.hasDotProduct else { return nil }
      let panels = product.lightPanels ?? product.panels
      shortest = Swift.min(shortest ?? .max, panels.doubleStepCount == panels.count ? 4 : 2)
    }
    return shortest
  }

  /// The instructions that run, as shown to people. `u8s8-maddubs-x2≤127/split` is the kernel for
  /// codes up to 127, and what the same kernel does differently when there are greater ones.
  var kernelName: String {
    var isScalar = false
    var isDotProduct = false
    var general = PanelTraits()
    var light = PanelTraits()
    var limit: UInt8?
    for product in self {
      isScalar = isScalar || product.isa == .scalar
      isDotProduct = isDotProduct || product.isa.hasDotProduct
      general.add(product.panels)
      light.add(product.lightPanels ?? product.panels)
      if let panels = product.lightPanels {
        limit = Swift.min(limit ?? .max, panels.safeInputMaximum)
      }
    }
    if isScalar { return "u8s8-scalar" }
    if isDotProduct { return "u8s8-vpdpbusd-12x32" }
    guard let limit else { return (["u8s8-maddubs"] + general.names).joined(separator: "-") }
    let rest = general.names.isEmpty ? "plain" : general.names.joined(separator: "-")
    return (["u8s8-maddubs"] + light.names).joined(separator: "-") + "≤\(limit)/\(rest)"
  }
}

/// How some panels are multiplied.
private struct PanelTraits {
  private var splits = false
  private var doubles = true
  private var centres = false

  /// - `x2`: all panels add two quads before widening; `split`: some weights need an extra step;
  ///   `centred`: some panels multiply codes less 128.
  var names: [String] {
    (doubles ? ["x2"] : []) + (splits ? ["split"] : []) + (centres ? ["centred"] : [])
  }

  mutating func add(_ panels: Int8Panels) {
    splits = splits || panels.extraCount > 0
    centres = centres || panels.centredCount > 0
    doubles = doubles && panels.doubleStepCount == panels.count
  }
}
