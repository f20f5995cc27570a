import Quantization
import Tensors
import Testing

@Suite(.golden("dynamic_qparams")) struct DynamicParameterGoldenTests {
  static let cases = GoldenSet.current.cases("dynamic_qparams")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    guard golden.kind == "torch_dynamic_choose_qparams" else { return recordUnknownKind(golden) }
    let batches = try GoldenSet.current.stream(try #require(golden["stream"].string))
    let values = batches[try #require(golden["batch"].int)].floats
    let rule = DynamicParameterRule(
      lowest: Int32(try #require(golden["quant_min"].int)),
      highest: Int32(try #require(golden["quant_max"].int)))
    let found = rule.parameters(lower: values.min() ?? 0, upper: values.max() ?? 0)
    #expect(same(found.scale, try #require(golden["expected"]["scale"].float)))
    #expect(Int(found.zeroPoint) == golden["expected"]["zero_point"].int)
    if let reduced = golden["reduce_range"].bool, rule.lowest == 0 {
      #expect(rule == .activation(reduceRange: reduced))
    }
  }
}
