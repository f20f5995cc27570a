import Execution
import Graphs
import Tensors
import Testing

/// One node, run on its inputs.
func computed(
  _ name: String, _ inputs: [Tensor], _ attributes: [String: Attribute] = [:], opset: Int64 = 28
) throws -> Tensor {
  var graph = Graph(name: "one")
  let names = inputs.indices.map { "x\($0)" }
  graph.inputs = zip(names, inputs).map { name, tensor in
    ValueDeclaration(name: name, elementType: tensor.elementType, dimensions: nil)
  }
  graph.outputs = [ValueDeclaration(name: "y", elementType: nil, dimensions: nil)]
  graph.append(
    OperatorName(name), name: "node", inputs: names, outputs: ["y"], attributes: attributes)
  let executor = try Executor(model: Model(graph: graph, opset: opset))
  let feeds = Dictionary(uniqueKeysWithValues: zip(names, inputs))
  return try #require(try executor.run(feeds)["y"])
}

@Suite struct NumericOperatorTests {
  @Test func halvesAreRoundedOnce() throws {
    // 1 + 2^-9 is between two of bfloat16 and nearer to 1; adding it twice in float32 is not.
    let step = BFloat16(Float(0x1p-9))
    let one = Tensor([BFloat16(Float(1))])
    let sum = try computed("Sum", [one, Tensor([step]), Tensor([step]), Tensor([step])])
    #expect(sum == Tensor([BFloat16(Float(1 + 0x1p-7))]))
    let product = try computed("Mul", [Tensor([Float16(300)]), Tensor([Float16(300)])])
    #expect(product == Tensor([Float16.infinity]))
  }

  @Test func aPatternOfHalvesRuns() throws {
    var graph = Graph(name: "silu")
    graph.inputs = [ValueDeclaration(name: "x", elementType: .float16, dimensions: nil)]
    graph.outputs = [ValueDeclaration(name: "y", elementType: .float16, dimensions: nil)]
    graph.append(OperatorName("Sigmoid"), inputs: ["x"], outputs: ["s"])
    graph.append(OperatorName("Mul"), inputs: ["x", "s"], outputs: ["y"])
    let found = try Executor(model: Model(graph: graph, opset: 17)).run([
      "x": Tensor([Float16(2), -1])
    ])
    #expect(found["y"] == Tensor([Float16(1.7615942), -0.26894143]))
  }

  @Test func largeUnsignedNumbersAreNotNegative() throws {
    let large = Tensor([UInt64.max - 1023, 1 << 63])
    #expect(try computed("Cast", [large], ["to": .int(1)]) == Tensor([0x1p64, Float(0x1p63)]))
    #expect(
      try computed("Cast", [large], ["to": .int(9)]) == Tensor([true, true]))
  }

  @Test func wholeNumbersStayExact() throws {
    #expect(
      try computed("Pow", [Tensor([Int64(-3)]), Tensor([Int32(39)])])
        == Tensor([Int64(-4_052_555_153_018_976_267)]))
    #expect(try computed("Mean", [Tensor([Int32(7)]), Tensor([Int32(2)])]) == Tensor([Int32(4)]))
    #expect(try computed("Mod", [Tensor([Int8(-128)]), Tensor([Int8(-1)])]) == Tensor([Int8(0)]))
    #expect(try computed("Abs", [Tensor([Int8.min])]) == Tensor([Int8.min]))
  }

  @Test(arguments: ["Div", "Mod"]) func divisionByZeroIsNamed(name: String) {
    #expect(throws: ExecutionError.divisionByZero(node: "node")) {
      try computed(name, [Tensor([UInt16(3)]), Tensor([UInt16(0)])])
    }
  }

  @Test(arguments: ["BitwiseAnd", "BitShift"]) func bitsOfRealsAreRefused(name: String) {
    #expect(
      throws: ExecutionError.wrongElementType(operatorName: name, node: "node", found: .float64)
    ) { try computed(name, [Tensor([1.0]), Tensor([1.0])]) }
  }

  @Test func reductionsOfNothingAndOfScalars() throws {
    let nothing = Tensor([Int8](), shape: [0, 2])
    let axes = Tensor([Int64(0)])
    #expect(
      try computed("ReduceMax", [nothing, axes], ["keepdims": .int(0)])
        == Tensor([Int8.min, Int8.min]))
    let truths = Tensor([Bool](), shape: [0])
    #expect(try computed("ReduceMin", [truths], ["keepdims": .int(0)]) == .scalar(true))
    #expect(try computed("ReduceL1", [.scalar(Float(-3))]) == .scalar(Float(3)))
    #expect(
      try computed("ReduceSumSquare", [Tensor([Float(-3), 2])], ["noop_with_empty_axes": .int(1)])
        == Tensor([Float(9), 4]))
  }

  @Test func notANumberIsLargestAndSmallest() throws {
    let values = Tensor([Float(1), .nan, 3, .nan])
    #expect(try computed("ArgMax", [values]) == Tensor([Int64(1)]))
    #expect(try computed("ArgMin", [values]) == Tensor([Int64(1)]))
    #expect(
      try computed("ArgMin", [values], ["select_last_index": .int(1)]) == Tensor([Int64(3)]))
  }

  @Test(arguments: [Int64.min, .max]) func diagonalsFarOutsideAreEmptyOrFull(k: Int64) throws {
    let ones = Tensor([Int32](repeating: 1, count: 4), shape: [2, 2])
    let lower = try computed("Trilu", [ones, .scalar(k)], ["upper": .int(0)])
    #expect(lower == (k > 0 ? ones : Tensor(.int32, shape: [2, 2])))
  }

  /// Before opset 13 all axes from the given one on are one.
  @Test func oldHardmaxCoversAllLaterAxes() throws {
    let values = Tensor([Float(1), 4, 3, 2], shape: [1, 2, 2])
    let found = try computed("Hardmax", [values], ["axis": .int(1)], opset: 11)
    #expect(found == Tensor([Float(0), 1, 0, 0], shape: [1, 2, 2]))
  }

  @Test func scalesOfHalvesDivideInHalves() throws {
    let scale = Tensor.scalar(Float16(0.1))
    // In float16 2.25 / 0.09998 is 22.5, halfway and to the even code; in float32 it is above.
    let half = try computed("QuantizeLinear", [.scalar(Float(2.25)), scale])
    #expect(half == .scalar(UInt8(22)))
    let single = try computed(
      "QuantizeLinear", [.scalar(Float(2.25)), scale], ["precision": .int(1)])
    #expect(single == .scalar(UInt8(23)))
    let real = try computed("DequantizeLinear", [.scalar(UInt8(22)), scale])
    #expect(real.elementType == .float16)
    let wide = try computed(
      "DequantizeLinear", [.scalar(UInt8(22)), scale], ["output_dtype": .int(1)])
    #expect(wide == .scalar(22 * Float(Float16(0.1))))
  }

  @Test func powersOfTwoScaleFloats() throws {
    let format = try #require(NarrowFloat(.float8e4m3fn))
    let code = format.code(of: 1.5, saturates: true)
    var codes = Tensor(.float8e4m3fn, shape: [1])
    codes.withUnsafeMutableBytes { $0[0] = code }
    var scale = Tensor(.float8e8m0, shape: .scalar)
    scale.withUnsafeMutableBytes { $0[0] = 129 }
    let real = try computed("DequantizeLinear", [codes, scale], ["output_dtype": .int(1)])
    #expect(real == Tensor([Float(6)]))
  }
}
