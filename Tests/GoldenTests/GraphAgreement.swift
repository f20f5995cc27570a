import Graphs
import Tensors
import Testing

/// Compares a converted graph with recorded nodes and initializers: the same operators between the same
/// edges, whatever inserted values are called, and the same constants.
///
/// Constants that come from the data alone must be equal. Activations before them went through float
/// kernels, whose last bits differ: scales of activations, and the bias codes that are divided by them,
/// may differ by a hundred thousandth part, codes by one at least.
final class GraphAgreement {
  private struct Operation {
    let type: String
    let inputs: [String]
    let attributes: [String: JSONValue]
  }

  private let expectedNodes: [String: Operation]
  private let expectedCount: Int
  private let initializers: JSONValue
  private let graph: Graph
  private let index: GraphIndex
  private var matched: [String: String] = [:]

  init(expected golden: GoldenSet.Case, found graph: Graph) {
    var nodes: [String: Operation] = [:]
    for node in golden["nodes"].array {
      let operation = Operation(
        type: node["op"].string ?? "", inputs: node["inputs"].array.map { $0.string ?? "" },
        attributes: node["attributes"].members)
      for output in node["outputs"].array.compactMap(\.string) { nodes[output] = operation }
    }
    expectedNodes = nodes
    expectedCount = golden["nodes"].array.count
    initializers = golden["initializers"]
    self.graph = graph
    index = GraphIndex(graph)
  }

  func check() {
    #expect(graph.nodes.count == expectedCount)
    for output in graph.outputs { compare(output.name, output.name) }
    #expect(!matched.isEmpty)
  }

  private func compare(_ expected: String, _ found: String) {
    if let known = matched[expected] {
      #expect(known == found, "\(expected) is \(known) and \(found)")
      return
    }
    matched[expected] = found
    guard let operation = expectedNodes[expected] else {
      if initializers[expected].isNull {
        #expect(expected == found, "an input of the graph")
      } else {
        Issue.record("\(expected) is a constant outside Q and DQ")
      }
      return
    }
    guard let node = index.producer(of: found) else {
      Issue.record("\(expected) is made by \(operation.type), \(found) by nothing")
      return
    }
    #expect(node.operatorName.name == operation.type, "\(expected)")
    #expect(node.inputs.count == operation.inputs.count, "\(expected)")
    compareAttributes(of: node, operation.attributes)
    for (expectedInput, foundInput) in zip(operation.inputs, node.inputs) {
      let constant = initializers[expectedInput]
      if constant.isNull {
        compare(expectedInput, foundInput)
      } else if let tensor = graph.constant(foundInput) {
        compareConstants(expectedInput, constant, tensor)
      } else {
        Issue.record("\(expectedInput) is a constant, \(foundInput) is not")
      }
    }
  }

  private func compareAttributes(of node: Node, _ expected: [String: JSONValue]) {
    #expect(Set(node.attributes.keys) == Set(expected.keys), "\(node.name)")
    for (name, attribute) in node.attributes {
      let value = expected[name] ?? .null
      switch attribute {
      case .int(let number): #expect(value.int == Int(number), "\(node.name).\(name)")
      case .ints(let numbers):
        #expect(value.ints == numbers.map { Int($0) }, "\(node.name).\(name)")
      case .float(let number): #expect(value.float == number, "\(node.name).\(name)")
      case .string(let bytes):
        #expect(value.string == String(decoding: bytes, as: UTF8.self), "\(node.name).\(name)")
      default: Issue.record("attribute \(name) of \(node.name) cannot be compared")
      }
    }
  }

  private func compareConstants(_ name: String, _ expected: JSONValue, _ found: Tensor) {
    #expect(found.elementType.description == expected["dtype"].string, "\(name)")
    #expect(found.shape.dimensions == expected["shape"].ints, "\(name)")
    let values = expected["data"].array
    switch found.elementType {
    case .float32:
      let isOfWeights = found.shape.rank > 0 && !name.contains("quantized_scale")
      let differing = zip(found.floats, values).filter { found, expected in
        guard let expected = expected.float else { return true }
        return isOfWeights ? found != expected : abs(found - expected) > 1e-5 * abs(expected)
      }
      #expect(differing.isEmpty && found.floats.count == values.count, "\(name)")
    case .int8: expectCodes(name, found.array(of: Int8.self).map { Int($0) }, values, isExact: true)
    case .uint8:
      expectCodes(name, found.array(of: UInt8.self).map { Int($0) }, values, isExact: true)
    case .int32:
      expectCodes(name, found.array(of: Int32.self).map { Int($0) }, values, isExact: false)
    default: Issue.record("\(name) is \(found.elementType)")
    }
  }

  private func expectCodes(
    _ name: String, _ found: [Int], _ expected: [JSONValue], isExact: Bool
  ) {
    let codes = expected.compactMap(\.int)
    let agree = zip(found, codes).allSatisfy { found, code in
      abs(found - code) <= (isExact ? 0 : max(1, abs(code) / 100_000))
    }
    #expect(codes.count == found.count && agree, "\(name)")
  }
}
