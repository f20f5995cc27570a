import Graphs
import OrderedCollections
import Tensors
import Testing

@testable import Execution

@Suite struct IndexingTests {
  /// Runs one operator on computed operands.
  private func run(
    _ name: String, _ inputs: [(String, Tensor)], outputs: Int = 1,
    _ attributes: [String: Attribute] = [:], opset: Int64 = 18
  ) throws -> [Tensor] {
    var graph = Graph(name: "one")
    graph.inputs = inputs.map { name, tensor in
      ValueDeclaration(name: name, elementType: tensor.elementType, dimensions: nil)
    }
    let names = (0..<outputs).map { "y\($0)" }
    graph.outputs = names.map {
      ValueDeclaration(name: $0, elementType: nil, dimensions: nil)
    }
    graph.append(
      OperatorName(name), inputs: inputs.map(\.0), outputs: names, attributes: attributes)
    let found = try Executor(model: Model(graph: graph, opset: opset)).run(
      Dictionary(uniqueKeysWithValues: inputs))
    return try names.map { try #require(found[$0]) }
  }

  @Test(arguments: [3, -4]) func indicesOutsideAreAnErrorOfTheData(index: Int64) {
    let data = Tensor([Float(1), 2, 3])
    let expected = ExecutionError.indexOutOfRange(node: "y0", index: index, count: 3)
    #expect(throws: expected) {
      try run("Gather", [("x", data), ("i", Tensor([index]))])
    }
    #expect(throws: expected) {
      try run("GatherElements", [("x", data), ("i", Tensor([index]))])
    }
    #expect(throws: expected) {
      try run("ScatterElements", [("x", data), ("i", Tensor([index])), ("u", Tensor([Float(9)]))])
    }
    #expect(throws: expected) {
      try run("GatherND", [("x", data), ("i", Tensor([index], shape: [1, 1]))])
    }
  }

  @Test func reductionsCombineRepeatedIndices() throws {
    let data = Tensor([Int32(1), 2, 3])
    let indices = Tensor([Int64(0), 0, -1])
    let updates = Tensor([Int32(10), 20, -5])
    let expected: [(String, [Int32])] = [
      ("add", [31, 2, -2]), ("mul", [200, 2, -15]), ("max", [20, 2, 3]), ("min", [1, 2, -5]),
    ]
    for (reduction, values) in expected {
      let result = try run(
        "ScatterElements", [("x", data), ("i", indices), ("u", updates)],
        ["reduction": .string(Array(reduction.utf8))])
      #expect(result == [Tensor(values)], "\(reduction)")
    }
  }

  @Test func ofEqualElementsTheFirstComeFirst() throws {
    let data = Tensor([Int64(2), 3, 1, 3, 2, 3])
    let largest = try run("TopK", [("x", data), ("k", Tensor([Int64(4)]))], outputs: 2)
    #expect(largest == [Tensor([Int64(3), 3, 3, 2]), Tensor([Int64(1), 3, 5, 0])])
    let smallest = try run(
      "TopK", [("x", data), ("k", Tensor([Int64(3)]))], outputs: 2, ["largest": .int(0)])
    #expect(smallest == [Tensor([Int64(1), 2, 2]), Tensor([Int64(2), 0, 4])])
  }

  @Test func leadersAreThoseOfASort() {
    var state: UInt64 = 1
    for capacity in [0, 1, 2, 7, 40] {
      var leaders = Leaders(capacity: capacity)
      let keys = (0..<40).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1
        return state >> 60
      }
      for (index, key) in keys.enumerated() { leaders.offer(key, at: index) }
      let expected = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.prefix(capacity)
      #expect(leaders.sorted().map(\.index) == Array(expected))
    }
  }

  @Test func keysOfRealsAreInTheirOrder() throws {
    let values: [Float] = [
      -.infinity, -.greatestFiniteMagnitude, -1, -.leastNonzeroMagnitude, 0, .leastNonzeroMagnitude,
      1, .infinity, .nan,
    ]
    let float = try #require(OrderKeys(.float32))
    let keys = values.withUnsafeBytes { bytes in
      values.indices.compactMap { index in bytes.baseAddress.map { float.key($0, index) } }
    }
    #expect(keys == keys.sorted() && Set(keys).count == values.count)
    #expect(keys[4] == float.zero)
    let negativeZero: [Float] = [-0.0]
    negativeZero.withUnsafeBytes { bytes in
      #expect(bytes.baseAddress.map { float.key($0, 0) } == float.zero)
    }
    #expect(OrderKeys(.string) == nil)
  }

  @Test func elementsThatDifferByTheDataAlone() throws {
    let data = Tensor([Float(0), 2, 0, -1, -0.0, 2], shape: [2, 3])
    #expect(
      try run("NonZero", [("x", data)]) == [Tensor([Int64(0), 1, 1, 1, 0, 2], shape: [2, 3])])
    let unique = try run("Unique", [("x", data)], outputs: 4, ["sorted": .int(0)])
    #expect(unique[0].floats == [0, 2, -1])
    #expect(
      unique[1...].map { $0.array(of: Int64.self) } == [
        [0, 1, 3], [0, 1, 0, 2, 0, 1], [3, 2, 1],
      ])
  }
}
