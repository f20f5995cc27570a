import Quantization
import Tensors
import Testing

@Suite(.golden("affine")) struct AffineGoldenTests {
  static let cases = GoldenSet.current.cases("affine")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    let input = try GoldenSet.current.tensor(golden["input"])
    let portable = Set(input.floats.indices).subtracting(
      golden["non_portable_indices"].ints)
    let tensor = try affineTensor(golden, shape: input.shape)
    switch golden.kind {
    case "torch_quantize_per_tensor", "torch_quantize_per_channel":
      try expectCodes(golden, try tensor.torchQuantize(input.floats), portable)
      try expectDequantized(golden, tensor, portable)
    case "torch_fake_quantize_per_tensor", "torch_fake_quantize_per_channel":
      let output = try GoldenSet.current.tensor(golden["output"]).floats
      let found = try tensor.fakeQuantize(input.floats)
      let mask = try tensor.gradientMask(input.floats).map { $0 ? 1 : 0 }
      let expectedMask = golden["grad_mask"]["data"].ints
      try #require(output.count == found.count && expectedMask.count == mask.count)
      #expect(portable.filter { !same(found[$0], output[$0]) } == [], "outputs")
      #expect(portable.filter { mask[$0] != expectedMask[$0] } == [], "gradients")
    case "onnx_quantize_dequantize_linear":
      try expectCodes(golden, try tensor.quantizeLinear(input.floats), portable)
      try expectDequantized(golden, tensor, portable)
    default:
      recordUnknownKind(golden)
    }
  }

  /// What x86 did with NaN and infinities is recorded but not portable; ours is one rule.
  @Test(arguments: cases.filter { !$0["non_portable_indices"].array.isEmpty && $0["axis"].isNull })
  func followsOurRuleForWhatIsNotPortable(golden: GoldenSet.Case) throws {
    let input = try GoldenSet.current.tensor(golden["input"])
    let tensor = try affineTensor(golden, shape: input.shape)
    let lowest = try #require(golden["quant_min"].int)
    let highest = try #require(golden["quant_max"].int)
    let zeroPoint = golden["zero_point"]["data"].ints.first ?? golden["zero_point"].int ?? 0
    let linear = try tensor.quantizeLinear(input.floats)
    let torch = try tensor.torchQuantize(input.floats)
    for index in golden["non_portable_indices"].ints {
      let value = input.floats[index]
      let expected = value.isNaN ? zeroPoint : value > 0 ? highest : lowest
      #expect(Int(linear[index]) == expected)
      #expect(Int(torch[index]) == expected)
    }
  }

  private func affineTensor(_ golden: GoldenSet.Case, shape: Shape) throws -> AffineTensor {
    let axis = golden["axis"].int
    let block = golden["block_size"].int ?? 0
    let layout: ParameterLayout =
      if let axis, block > 0 {
        .blocked(axis: axis, size: block)
      } else if let axis {
        .perAxis(axis: axis)
      } else {
        .perTensor
      }
    return try AffineTensor(
      shape: shape, layout: layout, scales: scales(golden), zeroPoints: zeroPoints(golden),
      lowest: Int32(try #require(golden["quant_min"].int)),
      highest: Int32(try #require(golden["quant_max"].int)))
  }

  private func scales(_ golden: GoldenSet.Case) -> [Float] {
    if let scale = golden["scale_f32"].float ?? golden["scale"].float { return [scale] }
    let listed = golden["scales"].floats
    return listed.isEmpty ? golden["scale"]["data"].floats : listed
  }

  private func zeroPoints(_ golden: GoldenSet.Case) -> [Int32] {
    if let zeroPoint = golden["zero_point"].int { return [Int32(zeroPoint)] }
    let listed = golden["zero_points"].ints
    return (listed.isEmpty ? golden["zero_point"]["data"].ints : listed).map { Int32($0) }
  }

  private func expectCodes(
    _ golden: GoldenSet.Case, _ found: [Int32], _ portable: Set<Int>
  ) throws {
    let expected = golden["q"]["data"].ints
    try #require(expected.count == found.count)
    #expect(portable.filter { Int(found[$0]) != expected[$0] } == [], "codes")
  }

  private func expectDequantized(
    _ golden: GoldenSet.Case, _ tensor: AffineTensor, _ portable: Set<Int>
  ) throws {
    let codes = golden["q"]["data"].ints.map { Int32($0) }
    let expected = try GoldenSet.current.tensor(golden["dequantized"]).floats
    let found = try tensor.dequantize(codes)
    try #require(expected.count == found.count)
    #expect(portable.filter { !same(found[$0], expected[$0]) } == [], "reals")
  }
}
