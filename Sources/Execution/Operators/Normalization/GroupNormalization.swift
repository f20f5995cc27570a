internal import Graphs
internal import Tensors

/// InstanceNormalization and GroupNormalization: each image's groups of channels on their own.
struct GroupNormalization: OperatorKernel {
  /// As many as there are channels when `nil`.
  private let groups: Int?
  private let epsilon: Float
  /// Whether scale and bias have an element per group, not per channel.
  private let hasGroupParameters: Bool

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    epsilon = node.float("epsilon") ?? 1e-5
    hasGroupParameters = node.is("GroupNormalization") && opset < 21
    guard node.is("GroupNormalization") else {
      groups = nil
      return
    }
    guard let count = node.int("num_groups"), count > 0 else {
      throw .invalidAttribute(
        operatorName: "GroupNormalization", node: node.name, attribute: "num_groups",
        detail: "must be given and positive")
    }
    groups = Int(clamping: count)
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    let parameters = [try site.input(1), try site.input(2)]
    guard shape.rank >= 2 else { throw site.mismatch("an input \(shape) without channels") }
    let channels = shape[1]
    let groups = self.groups ?? channels
    let count = hasGroupParameters ? groups : channels
    guard groups > 0, channels % groups == 0, parameters.allSatisfy({ $0.shape == [count] }) else {
      throw site.mismatch(
        "\(parameters.map(\.shape)) parameters for \(channels) channels in \(groups) groups")
    }
    for value in parameters { try site.require(value, input.elementType) }
    let spatial = shape.dimensions[2...].reduce(1, *)
    let columns = channels / groups * spatial
    let perRow = hasGroupParameters ? 1 : channels / groups
    try site.emitNormalization(
      RowNormalization(
        rows: shape[0] * groups, columns: columns, epsilon: Double(epsilon), centers: true,
        parameters: RowNormalization.Parameters(
          rowPeriod: groups, perRow: perRow, run: columns / max(perRow, 1))),
      input, scale: site.read(parameters[0]), bias: site.read(parameters[1]),
      into: try site.output(0, input.elementType, shape))
  }
}
