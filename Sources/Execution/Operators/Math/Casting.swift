internal import Graphs
internal import Tensors

/// Cast and CastLike between numbers and booleans. Floats that do not fit an integer saturate, NaN
/// becomes 0; of integers the low bits are kept.
struct Casting: OperatorKernel {
  /// `nil` where the second operand tells.
  private let type: ElementType?
  private let options: Conversion.Options

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let name = node.operatorName.name
    var options = Conversion.Options()
    options.saturates = node.int("saturate") ?? 1 != 0
    if let mode = node.string("round_mode") {
      guard let rounding = PowerOfTwoFloat.Rounding(rawValue: mode) else {
        throw .invalidAttribute(
          operatorName: name, node: node.name, attribute: "round_mode", detail: "is '\(mode)'")
      }
      options.rounding = rounding
    }
    self.options = options
    type = name == "CastLike" ? nil : try node.elementType("to")
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let type: ElementType
    if let known = self.type { type = known } else { type = try site.input(1).elementType }
    guard input.elementType != type else {
      return site.emitAlias(of: input, shape: input.shape)
    }
    guard let conversion = Conversion(from: input.elementType, to: type, options: options) else {
      throw site.unsupported("\(input.elementType) to \(type)")
    }
    let result = try site.output(0, type, input.shape, input.layout(convertedTo: type))
    try site.emit(
      conversion, of: input, into: result, operatorName: site.operatorName, nodes: site.unit.nodes)
    site.declare(result)
  }
}

/// BitCast: the same bits read as another type of the same width.
struct BitCasting: OperatorKernel {
  private let type: ElementType

  init(_ node: Node, opset: Int64) throws(ExecutionError) { type = try node.elementType("to") }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    guard input.elementType.bitWidth == type.bitWidth, type != .string else {
      throw site.mismatch("\(input.elementType) as \(type)")
    }
    let source = site.read(input)
    let result = try site.output(0, type, input.shape)
    let target = site.write(result)
    let byteCount = result.byteCount
    let makesBooleans = type == .bool
    try site.emit([result], kernel: "copy", reads: [source]) {
      (run: RunContext) throws(ExecutionError) in
      run.raw(target).copyMemory(from: run.raw(source), byteCount: byteCount)
      guard makesBooleans else { return }
      let bytes = run.codes(target)
      for index in 0..<byteCount where bytes[index] > 1 { bytes[index] = 1 }
    }
  }
}

extension Node {
  /// The element type that an attribute names by its number.
  func elementType(_ attribute: String) throws(ExecutionError) -> ElementType {
    let code = int(attribute) ?? 0
    guard let type = Int32(exactly: code).flatMap(ElementType.init(rawValue:)) else {
      throw .invalidAttribute(
        operatorName: operatorName.name, node: name, attribute: attribute,
        detail: "names element type \(code), which cannot be executed")
    }
    return type
  }
}
