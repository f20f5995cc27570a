internal import Kernels
internal import Tensors

/// What stands between an integer kernel's accumulators and the codes it stores: clamps, the
/// quantizer, and any chain of functions that a 256-entry table can do on the codes.
struct QuantizedTail {
  /// The quantizer of the accumulators.
  let first: QuantizationOperands
  /// The quantizer behind the table, or `first` again.
  private(set) var final: QuantizationOperands
  /// Shifted codes between which clamps leave the value.
  let low: UInt8
  let high: UInt8
  private(set) var table: [UInt8]?
  /// The last quantizer's output.
  private(set) var codesName: String
  /// Everything that the kernel computes besides its own unit, in order.
  private(set) var units: [Int]

  /// - Parameters:
  ///   - output: the real value that the kernel would make.
  ///   - takesTable: whether the kernel can look its results up.
  /// - Returns: `nil` when `output` does not go through clamps into a single quantizer.
  init?(
    after output: String, shape: Shape, _ site: OperatorSite, takesTable: Bool = true
  ) throws(ExecutionError) {
    let compiler = site.compiler
    var name = output
    var units: [Int] = []
    var clamps: [(low: Float, high: Float)] = []
    while true {
      guard let reader = compiler.graph.soleReader(of: name), !compiler.isAbsorbed(reader) else {
        return nil
      }
      let unit = compiler.graph.units[reader]
      units.append(reader)
      if let operands = try Self.quantizer(reader, shape, compiler) {
        first = operands
        codesName = unit.outputs[0]
        break
      }
      guard
        case .clamp(let low, let high)? = try site.elementwiseFunction(
          of: unit, input: name, rank: shape.rank)
      else { return nil }
      clamps.append((low, high))
      name = unit.outputs[0]
    }
    (low, high) = Self.limits(of: clamps, in: first)
    final = first
    self.units = units
    if takesTable && compiler.fuses {
      while try extend(shape, site) {}
    }
  }

  /// No code that the kernel stores is greater.
  var maximum: UInt8 {
    table.map { $0[Int(low)...Int(high)].max() ?? .max } ?? high
  }

  /// Takes in the functions behind the codes, when nothing else reads them.
  private mutating func extend(
    _ shape: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> Bool {
    let compiler = site.compiler
    guard let dequantizer = compiler.graph.soleReader(of: codesName),
      !compiler.isAbsorbed(dequantizer)
    else { return false }
    let unit = compiler.graph.units[dequantizer]
    guard unit.is("DequantizeLinear"), let node = unit.node, unit.inputs.first == codesName else {
      return false
    }
    let source = try QuantizationOperands(
      OperatorSite(compiler: compiler, unit: dequantizer), node: node, shape: shape,
      codes: final.type)
    guard source.isPerTensor,
      let chain = try TableChain(after: unit.outputs[0], shape: shape, site)
    else { return false }
    let next = chain.table(
      scale: source.scales[0], zeroPoint: source.zeroPoints[0] + source.shift, isa: site.isa)
    table = table.map { $0.map { next[Int($0)] } } ?? next
    final = chain.quantizer
    codesName = chain.codesName
    units += [dequantizer] + chain.units
    return true
  }

  /// The operands of a quantizer to bytes with one scale that integer kernels can use.
  static func quantizer(
    _ index: Int, _ shape: Shape, _ compiler: PlanCompiler
  ) throws(ExecutionError) -> QuantizationOperands? {
    let unit = compiler.graph.units[index]
    guard unit.is("QuantizeLinear"), let node = unit.node else { return nil }
    let site = OperatorSite(compiler: compiler, unit: index)
    let operands = try QuantizationOperands(site, node: node, shape: shape)
    guard operands.isByte, operands.isPerTensor, operands.scales[0].isFinite,
      operands.scales[0] > 0
    else { return nil }
    return operands
  }

  /// The codes of the limits: clamping commutes with quantizing, since both keep the order.
  private static func limits(
    of clamps: [(low: Float, high: Float)], in quantizer: QuantizationOperands
  ) -> (UInt8, UInt8) {
    let (scale, zero) = (quantizer.scales[0], quantizer.zeroPoints[0] + quantizer.shift)
    func code(_ real: Float) -> UInt8 {
      let code = (real / scale).rounded(.toNearestOrEven) + Float(zero)
      return UInt8(min(max(code.isNaN ? Float(zero) : code, 0), 255))
    }
    var (low, high): (UInt8, UInt8) = (0, 255)
    for clamp in clamps {
      let (least, most) = (code(clamp.low), code(clamp.high))
      low = min(max(low, least), most)
      high = min(max(high, least), most)
    }
    return (low, high)
  }
}

/// Functions of one number between real values and a quantizer.
struct TableChain {
  let functions: [FloatActivation]
  let quantizer: QuantizationOperands
  let codesName: String
  /// The functions' units and the quantizer, in order.
  let units: [Int]

  /// - Parameter real: what a dequantizer makes.
  /// - Returns: `nil` when the chain is read elsewhere too or does not end in a quantizer.
  init?(after real: String, shape: Shape, _ site: OperatorSite) throws(ExecutionError) {
    guard let reader = site.compiler.graph.soleReader(of: real) else { return nil }
    try self.init(from: reader, reading: real, shape: shape, site)
  }

  /// - Parameter first: the first unit of the chain, which reads `real`.
  init?(
    from first: Int, reading real: String, shape: Shape, _ site: OperatorSite
  ) throws(ExecutionError) {
    let compiler = site.compiler
    var name = real
    var reader = first
    var functions: [FloatActivation] = []
    var units: [Int] = []
    while true {
      guard !compiler.isAbsorbed(reader) else { return nil }
      units.append(reader)
      let unit = compiler.graph.units[reader]
      if let operands = try QuantizedTail.quantizer(reader, shape, compiler) {
        guard unit.inputs.first == name else { return nil }
        quantizer = operands
        codesName = unit.outputs[0]
        break
      }
      guard
        let function = try site.elementwiseFunction(of: unit, input: name, rank: shape.rank),
        let next = compiler.graph.soleReader(of: unit.outputs[0])
      else { return nil }
      functions.append(function)
      name = unit.outputs[0]
      reader = next
    }
    self.functions = functions
    self.units = units
  }

  /// For each of the 256 shifted codes, what the float operators make of its real value.
  func table(scale: Float, zeroPoint: Int32, isa: InstructionSet) -> [UInt8] {
    var reals = (0..<256).map { Float($0 - Int(zeroPoint)) * scale }
    let inline = ThreadPool(threads: 1)
    let (outScale, outZero) = (quantizer.scales[0], quantizer.zeroPoints[0] + quantizer.shift)
    return [UInt8](unsafeUninitializedCapacity: 256) { codes, count in
      reals.withUnsafeMutableBufferPointer { reals in
        guard let values = reals.baseAddress, let codes = codes.baseAddress else { return }
        for function in functions {
          function.apply(values, into: values, count: 256, isa: isa, pool: inline)
        }
        Int8Kernels(isa: isa).quantize(
          values, codes, count: 256, scale: outScale, zeroPoint: outZero, pool: inline)
      }
      count = 256
    }
  }
}
