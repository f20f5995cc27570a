internal import CKernels

/// Rows of codes times constant weights, requantized: the inner part of a convolution and of a
/// GEMM.
struct MatrixProductInt8: Sendable {
  /// For any input.
  let panels: Int8Panels
  /// Faster ones, for codes up to 127.
  ///
  /// Few codes are greater, or far from the code of zero, in what most layers make. The rows of
  /// each run decide which panels multiply them; a few large codes are multiplied once more.
  fileprivate let lightPanels: Int8Panels?
  /// Of the quads of some rows, the largest share with large codes that light panels pay with.
  private let outlierShare: Float
  /// Whether rows are read where they lie, so that whoever lays them there cuts their codes.
  private let isInPlace: Bool
  let requantization: PackedRequantization
  let isa: InstructionSet

  /// The largest code of light panels.
  fileprivate static let smallMaximum: UInt8 = 127
  /// Time to look through a quad and to cut its codes, in steps of one quad; measured.
  private static let cutCost = 0.5
  /// Time of a quad with large codes in one panel, likewise.
  private static let outlierCost = 2.0
  /// Time to cut the codes of a quad that many rows share, likewise.
  private static let sharedCutCost = 0.1
  /// Time of one code's rest in one panel, likewise.
  private static let restCost = 2.0

  /// Where results go: column 0 of the first row, and the elements from row to row.
  struct Destination<Element> {
    var base: UnsafeMutablePointer<Element>
    var stride: Int
  }

  /// - `weightRows`: `[channels, depth]`.
  /// - `channels`: those of `requantization` that the columns are.
  /// - `expectsSmallCodes`: whether it is worth a look if most codes of a run are small.
  /// - `quadPlaces`: where each quad stands in a row, in quads, if not one behind the other.
  init(
    weightRows: [Int8], depth: Int, channels: Range<Int>, inputMaximum: UInt8,
    expectsSmallCodes: Bool = true, quadPlaces: [UInt16]? = nil, requantization: Requantization,
    isa: InstructionSet
  ) {
    panels = Int8Panels(
      rows: weightRows, columns: channels.count, depth: depth, inputMaximum: inputMaximum,
      isGuarded: !isa.hasDotProduct, quadPlaces: quadPlaces)
    var light: Int8Panels?
    if expectsSmallCodes, inputMaximum > Self.smallMaximum, isa != .scalar, !isa.hasDotProduct {
      light = Int8Panels(
        rows: weightRows, columns: channels.count, depth: depth, inputMaximum: Self.smallMaximum,
        mayCentre: false, quadPlaces: quadPlaces)
    }
    isInPlace = quadPlaces != nil
    let steps = Double(max(panels.quads * panels.count, 1))
    let cutCost = Double(panels.quads) * (isInPlace ? Self.sharedCutCost : Self.cutCost)
    let saved = panels.traits.cost - (light?.traits.cost ?? 0) - cutCost
    lightPanels = saved > 0 ? light : nil
    outlierShare = Float(saved / (isInPlace ? 4 * Self.restCost * steps : Self.outlierCost * steps))
    self.requantization = PackedRequantization(
      requantization, channels: channels, weightSums: panels.weightSums,
      largestSum: panels.depth * 255 * 128, paddedCount: panels.paddedColumns)
    self.isa = isa
  }

  /// Of codes that rows in place are to be cut to, the largest share with a rest that light panels
  /// pay with; `nil` where there are none.
  var restShare: Float? { isInPlace && lightPanels != nil ? outlierShare : nil }

  /// - `rows`: each has `panels.paddedDepth` readable bytes.
  func run(
    _ rows: kern_gemm_u8_rows, to output: Destination<UInt8>, panels range: Range<Int>
  ) {
    let kernels = kern_int8_table_for(isa.kernelIsa).pointee
    var rows = rows
    var requantization = requantization.kernelValue
    withKernelValue(for: rows) { packed in
      kernels.gemm_u8s8_u8(
        packed, &rows, self.requantization.initial.base, &requantization, output.base,
        output.stride, range.lowerBound, range.upperBound)
    }
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
    withKernelValue(for: rows) { packed in
      kern_int8_table_for(isa.kernelIsa).pointee.gemm_u8s8_s32(
        packed, &rows, initial, output.base, output.stride, range.lowerBound, range.upperBound)
    }
  }

  /// The sums made real.
  func runReals(
    _ rows: kern_gemm_u8_rows, initial: UnsafePointer<Int32>, scaling: kern_sum_scaling,
    to output: Destination<Float>, panels range: Range<Int>
  ) {
    var rows = rows
    var scaling = scaling
    withKernelValue(for: rows) { packed in
      kern_int8_table_for(isa.kernelIsa).pointee.gemm_u8s8_f32(
        packed, &rows, initial, &scaling, output.base, output.stride, range.lowerBound,
        range.upperBound)
    }
  }

  /// Calls `body` with the panels as the kernels read them.
  private func withKernelValue(
    for rows: kern_gemm_u8_rows, _ body: (UnsafePointer<kern_gemm_u8s8_panels>) -> Void
  ) {
    var packed = panels.kernelValue
    guard let lightPanels, !isInPlace || rows.cut != nil else { return body(&packed) }
    withUnsafePointer(to: lightPanels.kernelValue) { light in
      packed.light = light
      packed.outlier_share = outlierShare
      body(&packed)
    }
  }

  /// Writes `-zeroPoint * sum of weights` for each padded column.
  func fillInitial(_ initial: UnsafeMutablePointer<Int32>, zeroPoint: UInt8) {
    panels.weightSums.fillInitial(initial, count: panels.paddedColumns, zeroPoint: zeroPoint)
  }
}

extension Sequence<MatrixProductInt8> {
  /// The instructions that run, as shown to people. `u8s8-maddubs-x4≤127/x2-split` is the kernel for
  /// rows of which few codes are above 127, and what the same kernel does differently with others.
  var kernelName: String {
    var isScalar = false
    var codeProduct: (instruction: String, tile: String)?
    var isLight = false
    var general = PanelTraits(quads: 0)
    var light = PanelTraits(quads: 0)
    for product in self {
      isScalar = isScalar || product.isa == .scalar
      codeProduct = product.isa.codeProduct ?? codeProduct
      isLight = isLight || product.lightPanels != nil
      general.add(product.panels.traits)
      light.add((product.lightPanels ?? product.panels).traits)
    }
    if isScalar { return "u8s8-scalar" }
    if let codeProduct { return "u8s8-\(codeProduct.instruction)-\(codeProduct.tile)" }
    guard isLight else { return (["u8s8-maddubs"] + general.names).joined(separator: "-") }
    let rest = general.names.isEmpty ? "plain" : general.names.joined(separator: "-")
    return (["u8s8-maddubs"] + light.names).joined(separator: "-")
      + "≤\(MatrixProductInt8.smallMaximum)/\(rest)"
  }

  /// Products that are added in 16 bits before a sum widens, on average, in the panels that most
  /// runs take; `nil` where sums have 32 bits at once.
  var safeRun: Double? {
    var traits = PanelTraits(quads: 0)
    for product in self {
      guard product.isa != .scalar, !product.isa.hasDotProduct else { return nil }
      traits.add((product.lightPanels ?? product.panels).traits)
    }
    return traits.safeRun
  }
}
