import Quantization
import Tensors
import Testing

@Suite(.golden("fake_quant_modules")) struct FakeQuantizerGoldenTests {
  static let cases = GoldenSet.current.cases("fake_quant_modules")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    guard golden.kind == "torch_fake_quantize_module" else { return recordUnknownKind(golden) }
    var quantizer = FakeQuantizer(
      try #require(FakeQuantizer.Implementation(rawValue: golden["implementation"].string ?? "")),
      configuration: try configuration(golden),
      averagingConstant: try #require(golden["averaging_constant"].float))
    let batches = try GoldenSet.current.stream(try #require(golden["stream"].string))
    let states = golden["state_after_batch"].array
    try #require(states.count == batches.count)
    for (batch, state) in zip(batches, states) {
      try quantizer.observe(batch.floats, shape: batch.shape)
      let parameters = try #require(quantizer.parameters)
      #expect(same(quantizer.minima, state["min_val"].numbers))
      #expect(same(quantizer.maxima, state["max_val"].numbers))
      #expect(same(parameters.scales, state["scale"].numbers))
      #expect(same(parameters.zeroPoints, state["zero_point"].numbers))
      #expect(Int(parameters.lowest) == golden["quant_min"].int)
      #expect(Int(parameters.highest) == golden["quant_max"].int)
    }
    let last = try #require(batches.last)
    let expected = try GoldenSet.current.tensor(golden["last_output"])
    #expect(
      same(try quantizer.fakeQuantize(last.floats, shape: last.shape), expected.floats))
  }

  private func configuration(_ golden: GoldenSet.Case) throws -> ObserverConfiguration {
    switch golden["config"].string {
    case "act_quint8": ObserverConfiguration()
    case "act_quint8_reduced": ObserverConfiguration(reduceRange: true)
    case "wt_sym_tensor": ObserverConfiguration(type: .qint8, scheme: .perTensorSymmetric)
    case "wt_sym_channel": ObserverConfiguration(type: .qint8, scheme: .perChannelSymmetric)
    case let name: try #require(nil, "unknown config \(name ?? "none")")
    }
  }
}

extension JSONValue {
  /// One number, or a list of them.
  var numbers: [Float] { float.map { [$0] } ?? floats }
}
