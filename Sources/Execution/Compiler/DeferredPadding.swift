internal import Graphs
internal import Tensors

/// Zeros around a value that its only reader, a convolution, adds on its own.
struct DeferredPadding {
  let input: Value
  /// The operator that asked for them.
  let unit: PlanGraph.Unit
  /// Along the spatial axes.
  let begin: [Int]
  let end: [Int]
}

extension OperatorSite {
  /// Leaves padding with zeros to the convolution that alone reads the result, if there is one.
  func `defer`(padding input: Value, begin: [Int], end: [Int], shape: Shape) -> Bool {
    // Only convolutions with known weights add padding on their own.
    guard let (_, reader) = follower(), reader.is("Conv"),
      reader.inputs.first == unit.outputs.first,
      input.elementType == .float32, Layout.supportsChannelsLast(rank: begin.count),
      reader.inputs.dropFirst().allSatisfy({ $0.isEmpty || compiler.isKnown($0) }),
      begin[..<2] == [0, 0], end[..<2] == [0, 0],
      (begin + end).allSatisfy({ $0 >= 0 }),
      reader.node?.string("auto_pad") ?? "NOTSET" == "NOTSET"
    else { return false }
    let value = Value(
      name: unit.outputs[0], elementType: input.elementType, shape: shape, layout: .channelsLast)
    value.padding = DeferredPadding(
      input: input, unit: unit, begin: Array(begin[2...]), end: Array(end[2...]))
    declare(value)
    return true
  }
}
