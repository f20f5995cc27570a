internal import Tensors

/// Operands in another element type than the model gives them.
extension OperatorSite {
  /// `value` as elements of `type`, by a step of its own where it has another.
  func operand(_ value: Value, as type: ElementType) throws(ExecutionError) -> Value {
    guard value.elementType != type else { return value }
    guard Conversion(from: value.elementType, to: type) != nil else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: value.elementType)
    }
    return try converted(value, as: type)
  }

  /// Makes what was computed in float32 or float64 output `index`, in the type the model wants.
  ///
  /// Types that are narrower are rounded to once, at the end.
  func emitConverted(
    _ buffer: Buffer.ID, _ computed: ElementType, to type: ElementType, shape: Shape,
    _ index: Int = 0
  ) throws(ExecutionError) {
    let value = Value(name: "", elementType: computed, shape: shape)
    value.forms[.rowMajor] = buffer
    let made = try operand(value, as: type)
    let result = Value(
      name: index < unit.outputs.count ? unit.outputs[index] : "", elementType: type,
      shape: shape)
    result.forms[.rowMajor] = read(made)
    declare(result)
  }

  /// The single number in a constant operand of any numeric type, without its fraction.
  func number(_ index: Int) throws(ExecutionError) -> Int {
    guard let value = try constant(index).cast(to: .int64), value.elementCount == 1 else {
      throw mismatch("input \(index) is not one number")
    }
    return Int(clamping: value.array(of: Int64.self)[0])
  }

  /// The single number in a constant operand of any numeric type.
  func real(_ index: Int) throws(ExecutionError) -> Double {
    guard let value = try constant(index).cast(to: .float64), value.elementCount == 1 else {
      throw mismatch("input \(index) is not one number")
    }
    return value.array(of: Double.self)[0]
  }
}
