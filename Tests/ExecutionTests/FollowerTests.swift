import Execution
import Graphs
import OrderedCollections
import Tensors
import Testing

/// What an operator takes in of those that follow it.
@Suite struct FollowerTests {
  private func values(_ count: Int, by step: Int) -> [Float] {
    (0..<count).map { Float(($0 &* step) % 41) / 8 - 2.5 }
  }

  private func model(_ inputs: [String], _ build: (inout Graph) -> Void) -> Model {
    var graph = Graph(name: "followers")
    graph.inputs = inputs.map {
      ValueDeclaration(name: $0, elementType: .float32, dimensions: nil)
    }
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float32, dimensions: nil)]
    build(&graph)
    return Model(graph: graph)
  }

  /// The output with everything fused, which must take so many steps, and step by step.
  private func outputs(
    _ model: Model, _ feeds: [String: Tensor], steps: Int
  ) throws -> (fused: Tensor, plain: Tensor) {
    let executor = try Executor(model: model)
    #expect(try executor.plan(for: feeds.mapValues(\.shape)).steps.count == steps)
    let plain = try Executor(model: model, options: ExecutionOptions(fuses: false))
    return try (
      #require(try executor.run(feeds)["y"]), #require(try plain.run(feeds)["y"])
    )
  }

  @Test(arguments: ["Mul", "Div"])
  func aFactorIsPartOfAProduct(operation: String) throws {
    let scaled = model(["a", "b"]) { graph in
      graph.initializers["s"] = Initializer(.scalar(Float(0.125)))
      graph.append(OperatorName("MatMul"), inputs: ["a", "b"], outputs: ["p"])
      graph.append(OperatorName(operation), inputs: ["p", "s"], outputs: ["y"])
    }
    let feeds = [
      "a": Tensor(values(2 * 3 * 7, by: 11), shape: [2, 3, 7]),
      "b": Tensor(values(2 * 7 * 5, by: 17), shape: [2, 7, 5]),
    ]
    let (fused, plain) = try outputs(scaled, feeds, steps: 1)
    #expect(fused.distance(to: plain) <= 1e-5 * plain.extent)
  }

  @Test func aProductThatIsReadElsewhereKeepsItsScale() throws {
    let scaled = model(["a"]) { graph in
      graph.initializers["s"] = Initializer(.scalar(Float(3)))
      graph.append(OperatorName("MatMul"), inputs: ["a", "a"], outputs: ["p"])
      graph.append(OperatorName("Mul"), inputs: ["p", "s"], outputs: ["q"])
      graph.append(OperatorName("Sub"), inputs: ["q", "p"], outputs: ["y"])
    }
    let feeds = ["a": Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])]
    let y = try #require(try Executor(model: scaled).run(feeds)["y"])
    #expect(y.floats == [14, 20, 30, 44])
  }

  @Test func hardSwishTakesAScaleAndAnOffset() throws {
    let scaled = model(["x"]) { graph in
      graph.initializers["w"] = Initializer(Tensor(values(6 * 9, by: 13), shape: [6, 9]))
      graph.initializers["s"] = Initializer(.scalar(Float(-1.5)))
      graph.initializers["o"] = Initializer(.scalar(Float(0.75)))
      graph.append(OperatorName("MatMul"), inputs: ["x", "w"], outputs: ["p"])
      graph.append(OperatorName("HardSwish"), inputs: ["p"], outputs: ["h"])
      graph.append(OperatorName("Mul"), inputs: ["h", "s"], outputs: ["q"])
      graph.append(OperatorName("Add"), inputs: ["q", "o"], outputs: ["y"])
    }
    let feeds = ["x": Tensor(values(4 * 6, by: 7), shape: [4, 6])]
    let (fused, plain) = try outputs(scaled, feeds, steps: 1)
    #expect(fused.distance(to: plain) <= 1e-5 * plain.extent)
  }

  @Test(arguments: [[0, 2, 3, 1], [0, 2, 1, 3], [3, 0, 1, 2], [1, 0, 3, 2]])
  func codesAreTurnedAsTheirValuesAre(order: [Int]) throws {
    let shape = Shape([2, 19, 3, 17])
    let turned = model(["x"]) { graph in
      graph.initializers["s"] = Initializer(.scalar(Float(0.5)))
      graph.initializers["z"] = Initializer(.scalar(UInt8(7)))
      graph.append(OperatorName("QuantizeLinear"), inputs: ["x", "s", "z"], outputs: ["q"])
      graph.append(
        OperatorName("Transpose"), inputs: ["q"], outputs: ["t"],
        attributes: ["perm": .ints(order.map { Int64($0) })])
      graph.append(OperatorName("DequantizeLinear"), inputs: ["t", "s", "z"], outputs: ["y"])
    }
    let plain = (0..<shape.elementCount).map { Float($0 % 241) / 2 }
    let y = try #require(try Executor(model: turned).run(["x": Tensor(plain, shape: shape)])["y"])
    let strides = shape.strides
    let sides = order.map { shape[$0] }
    #expect(y.shape == Shape(sides))
    for (place, value) in y.floats.enumerated() {
      var (rest, source) = (place, 0)
      for axis in order.indices.reversed() {
        source += rest % sides[axis] * strides[order[axis]]
        rest /= sides[axis]
      }
      #expect(value == plain[source])
    }
  }
}
