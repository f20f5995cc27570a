import Graphs
import Kernels
import OrderedCollections
import Tensors
import Testing

@testable import Execution

@Suite struct SpatialTests {
  @Test func everyRecordedCaseIsThere() {
    #expect(RecordedCase.spatial.count > 95)
  }

  @Test(arguments: RecordedCase.spatial)
  func agreesWithONNXRuntime(recorded: RecordedCase) throws {
    for isa in InstructionSet.available {
      let options = ExecutionOptions(instructionSet: isa, threads: 2)
      let outputs = try recorded.run(options)
      #expect(Set(outputs.keys) == Set(recorded.expected.keys))
      for (name, expected) in recorded.expected {
        let found = try #require(outputs[name])
        #expect(found.elementType == expected.elementType)
        #expect(found.shape == expected.shape)
        guard let wanted = expected.reals, let reals = found.reals else {
          #expect(found == expected, "\(isa)")
          continue
        }
        let extent = wanted.reduce(1) { max($0, abs($1)) }
        let precision = expected.elementType == .float16 ? 2e-3 : 2e-5
        let worst = zip(reals, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst <= precision * extent, "\(isa)")
      }
    }
  }

  /// What the packed kernels and the plain implementation have in common.
  @Test(arguments: [1, 2, 4])
  func knownAndComputedWeightsGiveTheSame(groups: Int) throws {
    for name in ["Conv", "ConvTranspose"] {
      let input = Tensor(values(2 * 4 * 6 * 7), shape: [2, 4, 6, 7])
      let weights = Tensor(values(4 * (4 / groups) * 6), shape: [4, 4 / groups, 3, 2])
      let attributes: [String: Attribute] = [
        "group": .int(Int64(groups)), "strides": .ints([2, 1]), "pads": .ints([1, 0, 0, 1]),
      ]
      let known = try run(name, [input], constants: [weights], attributes)
      let computed = try run(name, [input, weights], constants: [], attributes)
      #expect(known.distance(to: computed) <= 1e-5)
    }
  }

  @Test func doublesKeepTheirPrecision() throws {
    let tiny = 1e-12
    let input = Tensor([1 + tiny, 2, 3, 4 + tiny], shape: [1, 1, 2, 2])
    let weights = Tensor([1.0, -1, -1, 1], shape: [1, 1, 2, 2])
    let sum = try run("Conv", [input, weights], constants: [], [:])
    #expect(abs(sum.array(of: Double.self)[0] - 2 * tiny) < 1e-15)
    let pooled = try run("MaxPool", [input], constants: [], ["kernel_shape": .ints([2, 2])])
    #expect(pooled.array(of: Double.self) == [4 + tiny])
  }

  @Test func aNaNStaysTheLargest() throws {
    let input = Tensor([1, Float.nan, 3, 4, 5, 6], shape: [1, 1, 1, 2, 3])
    let pooled = try run("MaxPool", [input], constants: [], ["kernel_shape": .ints([1, 2, 2])])
    #expect(pooled.floats.map(\.isNaN) == [true, true])
  }

  @Test func convolutionWithoutPixelsOrWithoutRoomIsRefusedOrEmpty() throws {
    let weights = Tensor(values(8), shape: [1, 1, 2, 2, 2])
    let small = Tensor(values(1), shape: [1, 1, 1, 1, 1])
    #expect(try run("Conv", [small], constants: [weights], [:]).elementCount == 0)
    let empty = Tensor(.float32, shape: [1, 1, 0, 2, 2])
    #expect(throws: ExecutionError.self) {
      try run("Conv", [empty], constants: [weights], [:])
    }
  }

  @Test func placesOutsideOfTheImageAreRefused() throws {
    let values = Tensor([1, 2] as [Float], shape: [1, 1, 1, 2])
    let attributes: [String: Attribute] = ["kernel_shape": .ints([2, 2])]
    for index in [Int64(-1), 6] {
      let places = Tensor([0, index], shape: [1, 1, 1, 2])
      #expect(throws: ExecutionError.self) {
        try run("MaxUnpool", [values, places], constants: [], attributes)
      }
    }
  }

  @Test func reflectionsAndRepetitionsGoOn() throws {
    let input = Tensor([1, 2, 3] as [Float])
    let pads = Tensor([Int64(5), 4])
    func mode(_ name: String) -> [String: Attribute] { ["mode": .string(Array(name.utf8))] }
    let reflected = try run("Pad", [input], constants: [pads], mode("reflect"))
    #expect(reflected.floats == [2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3])
    let wrapped = try run("Pad", [input], constants: [pads], mode("wrap"))
    #expect(wrapped.floats == [2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1])
  }

  @Test func unknownModesAreNamed() {
    let input = Tensor(values(4), shape: [1, 1, 2, 2])
    let mode: [String: Attribute] = ["mode": .string(Array("spline".utf8))]
    for name in ["Resize", "GridSample", "Pad", "DepthToSpace", "RoiAlign"] {
      do {
        _ = try run(name, [input], constants: [], mode)
        Issue.record("\(name) took the mode")
      } catch {
        #expect("\(error)".contains("spline") || "\(error)".contains("blocksize"))
      }
    }
  }

  private func values(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 &* 7919 + 13) % 101) / 50 - 1 }
  }

  private func run(
    _ name: String, _ fed: [Tensor], constants: [Tensor], _ attributes: [String: Attribute]
  ) throws -> Tensor {
    var graph = Graph(name: "spatial")
    var names: [String] = []
    var feeds: [String: Tensor] = [:]
    for (index, tensor) in (fed + constants).enumerated() {
      names.append("x\(index)")
      if index < fed.count {
        feeds[names[index]] = tensor
        graph.inputs.append(
          ValueDeclaration(name: names[index], elementType: tensor.elementType, dimensions: nil))
      } else {
        graph.initializers[names[index]] = Initializer(tensor)
      }
    }
    graph.append(
      OperatorName(name), inputs: names, outputs: ["y"], attributes: attributes)
    graph.outputs = [ValueDeclaration(name: "y", elementType: nil, dimensions: nil)]
    let executor = try Executor(model: Model(graph: graph, opset: 22))
    return try #require(try executor.run(feeds)["y"])
  }
}

extension Tensor {
  /// The elements of a tensor of real numbers; `nil` for any other.
  fileprivate var reals: [Double]? {
    switch elementType {
    case .float32: floats.map { Double($0) }
    case .float64: array(of: Double.self)
    case .float16: array(of: Float16.self).map { Double($0) }
    default: nil
    }
  }
}
