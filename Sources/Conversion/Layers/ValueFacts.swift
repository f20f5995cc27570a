import Graphs
import OrderedCollections
import Tensors

/// What can be told of a graph's values without running it.
struct ValueFacts {
  /// Values that are float32 tensors and depend on an input.
  private(set) var activations: Set<String> = []
  /// Values computed from shapes alone, whatever their type.
  private(set) var shapeValues: Set<String> = []
  /// How many dimensions a value has, where that can be told.
  private(set) var ranks: [String: Int] = [:]
  /// The same of the graphs inside nodes, in the order of `Node.subgraphs`.
  private(set) var inner: [Node.ID: [ValueFacts]] = [:]
  private var types: [String: ElementType] = [:]

  /// - Parameter outer: of the graph around it, whose values it may use.
  init(_ graph: Graph, within outer: ValueFacts? = nil) {
    if let outer {
      activations = outer.activations
      shapeValues = outer.shapeValues
      ranks = outer.ranks
      types = outer.types
    }
    for (name, initializer) in graph.initializers { ranks[name] = initializer.tensor.shape.rank }
    for declaration in graph.inputs {
      if declaration.elementType == .float32 { activations.insert(declaration.name) }
      ranks[declaration.name] = declaration.dimensions?.count
    }
    for declaration in graph.inputs { types[declaration.name] = declaration.elementType }
    for (name, initializer) in graph.initializers { types[name] = initializer.tensor.elementType }
    for node in graph.nodes {
      let bodies = node.attributes.isEmpty ? [] : node.subgraphs
      if !bodies.isEmpty { inner[node.id] = bodies.map { ValueFacts($0, within: self) } }
      inferTypes(of: node, in: graph)
      inferRank(of: node, in: graph)
    }
    inferRanksBackward(graph)
    for facts in inner.values.joined() {
      ranks.merge(facts.ranks) { own, _ in own }
    }
  }

  private mutating func inferTypes(of node: Node, in graph: Graph) {
    let variable = node.inputs.filter { !$0.isEmpty && graph.initializers[$0] == nil }
    let fromShapes =
      OperatorTraits.shapeSources.contains(node.operatorName.name)
      || (!variable.isEmpty && variable.allSatisfy(shapeValues.contains) && inner[node.id] == nil)
    for (position, output) in node.outputs.enumerated() where !output.isEmpty {
      let type =
        graph.declaration(of: output)?.elementType
        ?? bodyType(of: node, output: position) ?? resultType(of: node, output: position)
      types[output] = type
      if fromShapes {
        shapeValues.insert(output)
      } else if type == .float32 {
        activations.insert(output)
      }
    }
  }

  /// What the graph inside `node` makes for its output at `position`.
  private func bodyType(of node: Node, output position: Int) -> ElementType? {
    guard let facts = inner[node.id]?.first, let body = node.subgraphs.first else { return nil }
    // The body of a Loop makes its condition first.
    let result = node.is("Loop") ? position + 1 : position
    guard body.outputs.indices.contains(result) else { return nil }
    return body.outputs[result].elementType ?? facts.types[body.outputs[result].name]
  }

  private func resultType(of node: Node, output position: Int) -> ElementType? {
    let name = node.operatorName.name
    // The second output of MaxPool tells where each maximum was.
    if node.is("MaxPool"), position == 1 { return .int64 }
    if OperatorTraits.integerResults.contains(name) { return .int64 }
    switch name {
    case "Cast":
      return node.int("to").flatMap { ElementType(rawValue: Int32(truncatingIfNeeded: $0)) }
    case "ConstantOfShape": return node.tensor("value")?.elementType ?? .float32
    case "DequantizeLinear": return .float32
    case "Where": return node.input(1).flatMap { types[$0] }
    default:
      // Foreign operators are taken to compute in float, as nearly all do.
      return node.inputs.lazy.compactMap { types[$0] }.first ?? .float32
    }
  }

  private mutating func inferRank(of node: Node, in graph: Graph) {
    for output in node.outputs where !output.isEmpty {
      if let declared = graph.declaration(of: output)?.dimensions?.count {
        ranks[output] = declared
      }
    }
    guard let output = node.outputs.first, ranks[output] == nil else { return }
    switch node.operatorName.name {
    case "Flatten", "Gemm": ranks[output] = 2
    case "Reshape":
      ranks[output] = node.input(1).flatMap { graph.constant($0)?.elementCount }
    case "Squeeze", "Unsqueeze", "Concat", "Gather", "Expand", "ReduceMean", "ReduceSum",
      "ReduceMax",
      "ReduceMin", "Shape", "ConstantOfShape", "Where":
      break
    case "Add", "Sub", "Mul", "Div":
      let inputs = node.inputs.map { ranks[$0] }
      ranks[output] = inputs.contains(nil) ? nil : inputs.compactMap { $0 }.max()
    case _ where Self.keepsRank(node): ranks[output] = node.input(0).flatMap { ranks[$0] }
    default: break
    }
  }

  private mutating func inferRanksBackward(_ graph: Graph) {
    for node in graph.nodes.reversed() {
      guard let output = node.outputs.first, let rank = ranks[output] else { continue }
      if Self.keepsRank(node), let input = node.input(0), ranks[input] == nil {
        ranks[input] = rank
      } else if ["Add", "Mul"].contains(node.operatorName.name), node.inputs.count == 2 {
        // A constant of lower rank cannot have raised the other operand's.
        for (value, other) in zip(node.inputs, node.inputs.reversed()) where ranks[value] == nil {
          if let constant = graph.constant(other), constant.shape.rank < rank {
            ranks[value] = rank
          }
        }
      }
    }
  }

  private static func keepsRank(_ node: Node) -> Bool {
    let name = node.operatorName.name
    return [
      "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "Softmax",
      "LogSoftmax", "Transpose", "Slice", "Pad", "Resize", "MatMul", "Identity", "Dropout",
      "BatchNormalization", "QuantizeLinear", "DequantizeLinear",
    ].contains(name) && (name != "MatMul" || node.inputs.count == 2)
      || OperatorTraits.pointwise.contains(name)
  }
}
