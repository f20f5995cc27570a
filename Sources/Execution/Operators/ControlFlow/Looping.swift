internal import Graphs
internal import Tensors

/// Loop: a graph run while a condition holds, at most so many times.
struct Looping: ControlFlowOperator {
  /// What steps a body has shows in its first rounds; a survey need not wait for the last.
  private static let surveyedRounds: Int64 = 16

  init(_ node: Node, opset: Int64) {}

  func run(
    _ inputs: [RunValue?], _ call: OperatorCall, bodies: BodyRunner
  ) throws -> [RunValue] {
    var limit = try call.optionalTensor(0, of: inputs).map { try call.tripCount($0) }
    if bodies.visitor?.surveysBranches ?? false {
      limit = min(limit ?? .max, Self.surveyedRounds)
    }
    var goesOn = try call.optionalTensor(1, of: inputs).map { try call.condition($0) } ?? true
    var state = try inputs.dropFirst(2).map { value in
      guard let value else { throw call.unsupported("a loop-carried value is left out") }
      return value
    }
    let declared = try bodies.outputs(of: "body", call)
    let scanCount = declared.count - 1 - state.count
    guard scanCount >= 0 else {
      throw call.mismatch("its body makes \(declared.count) values for \(state.count) carried ones")
    }
    var scanned = [[Tensor]](repeating: [], count: scanCount)
    var iteration: Int64 = 0
    while goesOn, limit.map({ iteration < $0 }) ?? true {
      let results = try bodies.run(
        "body", [.tensor(.scalar(iteration)), .tensor(.scalar(goesOn))] + state, call)
      guard let condition = results.first?.tensor else {
        throw call.mismatch("its body makes no condition")
      }
      goesOn = try call.condition(condition)
      state = Array(results[1..<1 + state.count])
      for (index, value) in results[(1 + state.count)...].enumerated() {
        guard let tensor = value.tensor else { throw call.unsupported("it scans no tensors") }
        scanned[index].append(tensor)
      }
      iteration += 1
    }
    let stacks = try zip(scanned, declared[(1 + state.count)...]).map { slices, declaration in
      RunValue.tensor(try call.stack(slices, axis: 0, like: declaration))
    }
    return state + stacks
  }
}

extension OperatorCall {
  fileprivate func tripCount(_ tensor: Tensor) throws(ExecutionError) -> Int64 {
    guard tensor.elementCount == 1, let count = tensor.integers?.first else {
      throw mismatch("a trip count of shape \(tensor.shape)")
    }
    return Int64(count)
  }

  /// Tensors of one shape side by side along a new axis.
  ///
  /// - Parameter declaration: what is known of a slice where there is none.
  func stack(
    _ slices: [Tensor], axis: Int, like declaration: ValueDeclaration
  ) throws(ExecutionError) -> Tensor {
    guard let first = slices.first else {
      let extents = declaration.dimensions?.map { $0.fixedExtent ?? 0 } ?? []
      return Tensor(declaration.elementType ?? .float32, shape: Shape([0] + extents))
    }
    guard slices.allSatisfy({ $0.shape == first.shape && $0.elementType == first.elementType })
    else { throw mismatch("iterations make values of different shapes, which cannot be stacked") }
    var dimensions = first.shape.dimensions
    guard (0...dimensions.count).contains(axis) else {
      throw mismatch("axis \(axis) for slices of shape \(first.shape)")
    }
    dimensions.insert(slices.count, at: axis)
    let unit = Tensor(first.elementType, shape: Shape(dimensions.replacing(axis, with: 1)))
    return try concatenate(
      slices.map { $0.reshaped(to: unit.shape) }, axis: axis)
  }

  /// Tensors side by side along `axis`; everything else about them is equal.
  func concatenate(_ parts: [Tensor], axis: Int) throws(ExecutionError) -> Tensor {
    guard let first = parts.first else { throw mismatch("nothing to concatenate") }
    var dimensions = first.shape.dimensions
    guard dimensions.indices.contains(axis) else {
      throw mismatch("axis \(axis) of a value of shape \(first.shape)")
    }
    guard
      parts.allSatisfy({
        $0.elementType == first.elementType
          && $0.shape.dimensions.count > axis
          && $0.shape.dimensions.replacing(axis, with: 1) == dimensions.replacing(axis, with: 1)
      })
    else {
      throw mismatch(
        "values of shapes \(parts.map(\.shape.description).joined(separator: ", ")) side by side")
    }
    dimensions[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let shape = Shape(dimensions)
    if first.elementType == .string { throw wrongType(.string) }
    let outer = dimensions[..<axis].reduce(1, *)
    var result = Tensor(first.elementType, shape: shape)
    let rowByteCount = outer > 0 ? result.byteCount / outer : 0
    result.withUnsafeMutableBytes { target in
      guard let base = target.baseAddress else { return }
      var offset = 0
      for part in parts {
        let width = outer > 0 ? part.byteCount / outer : 0
        part.withUnsafeBytes { source in
          guard let from = source.baseAddress else { return }
          for row in 0..<outer {
            (base + row * rowByteCount + offset).copyMemory(
              from: from + row * width, byteCount: width)
          }
        }
        offset += width
      }
    }
    return result
  }
}

extension [Int] {
  func replacing(_ index: Int, with value: Int) -> [Int] {
    var copy = self
    copy[index] = value
    return copy
  }
}
