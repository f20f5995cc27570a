internal import Graphs
internal import Tensors

/// Operands in another element type than the model gives them.
extension OperatorSite {
  /// `value` as elements of `type`, by a step of its own where it has another.
  func operand(_ value: Value, as type: ElementType) throws(ExecutionError) -> Value {
    value.elementType == type ? value : try converted(value, as: type)
  }

  /// The value's elements as another type, made by a step of their own.
  func converted(_ value: Value, as type: ElementType) throws(ExecutionError) -> Value {
    guard let conversion = Conversion(from: value.elementType, to: type) else {
      throw .wrongElementType(
        operatorName: operatorName, node: nodeName, found: value.elementType)
    }
    let result = Value(
      name: value.name, elementType: type, shape: value.shape,
      layout: value.layout(convertedTo: type))
    result.forms[result.layout] = compiler.addBuffer(.arena, byteCount: result.byteCount)
    try emit(conversion, of: value, into: result, operatorName: "Cast", nodes: [])
    return result
  }

  /// Emits the step that converts `value` into `result`, which it does not make known.
  func emit(
    _ conversion: Conversion, of value: Value, into result: Value, operatorName: String,
    nodes: [Node.ID]
  ) throws(ExecutionError) {
    let (source, target) = (read(value, result.layout), write(result))
    let count = value.shape.elementCount
    try compiler.emit(
      Step(
        name: nodeName, operatorName: operatorName, nodes: nodes, output: result.name,
        outputShape: value.shape, kernel: "cast-\(value.elementType)-\(result.elementType)",
        reads: [source], writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        conversion.run(run.raw(source), into: run.raw(target), count: count)
      })
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

extension Value {
  /// The layout to convert in: elements that share a byte have no channels-last form.
  func layout(convertedTo type: ElementType) -> Layout {
    elementType.bitWidth < 8 || type.bitWidth < 8 ? .rowMajor : preferredLayout
  }
}
