internal import Tensors

/// Operands in another element type than the model gives them.
extension OperatorSite {
  /// `value` as elements of `type`, by a step of its own where it has another.
  func operand(_ value: Value, as type: ElementType) throws(ExecutionError) -> Value {
    guard value.elementType != type else { return value }
    let source = read(value)
    let target = try conversion(of: source, value.elementType, to: type, value.shape)
    let result = Value(name: "", elementType: type, shape: value.shape)
    result.forms[.rowMajor] = target
    return result
  }

  /// Makes `real`, computed in float32 or float64, output `index` in the type the model wants.
  ///
  /// Types that are narrower are rounded to once, at the end.
  func emitConverted(
    _ buffer: Buffer.ID, _ computed: ElementType, to type: ElementType, shape: Shape,
    _ index: Int = 0
  ) throws(ExecutionError) {
    let target =
      computed == type ? buffer : try conversion(of: buffer, computed, to: type, shape)
    let result = Value(
      name: index < unit.outputs.count ? unit.outputs[index] : "", elementType: type,
      shape: shape)
    result.forms[.rowMajor] = target
    declare(result)
  }

  private func conversion(
    of source: Buffer.ID, _ from: ElementType, to type: ElementType, _ shape: Shape
  ) throws(ExecutionError) -> Buffer.ID {
    guard let conversion = Conversion(from: from, to: type) else {
      throw .wrongElementType(operatorName: operatorName, node: nodeName, found: from)
    }
    let count = shape.elementCount
    let target = compiler.addBuffer(.arena, byteCount: type.byteCount(elements: count))
    try compiler.emit(
      Step(
        name: nodeName, operatorName: "Cast", nodes: [], output: "", outputShape: shape,
        kernel: "cast-\(from)-\(type)", reads: [source], writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        conversion.run(run.raw(source), into: run.raw(target), count: count)
      })
    return target
  }

  /// The single number in a constant operand of any numeric type, without its fraction.
  func number(_ index: Int) throws(ExecutionError) -> Int {
    guard let value = compiler.constant(of: try operand(try constantValue(index), as: .int64)),
      value.elementCount == 1
    else { throw mismatch("input \(index) is not one number") }
    return Int(clamping: value.array(of: Int64.self)[0])
  }

  /// The single number in a constant operand of any numeric type.
  func real(_ index: Int) throws(ExecutionError) -> Double {
    guard let value = compiler.constant(of: try operand(try constantValue(index), as: .float64)),
      value.elementCount == 1
    else { throw mismatch("input \(index) is not one number") }
    return value.array(of: Double.self)[0]
  }

  private func constantValue(_ index: Int) throws(ExecutionError) -> Value {
    _ = try constant(index)
    return try input(index)
  }
}
