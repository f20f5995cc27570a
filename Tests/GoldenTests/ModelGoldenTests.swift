import Testing

@Suite(.golden("models")) struct ModelGoldenTests {
  static let cases = GoldenSet.current.cases("models")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    switch golden.kind {
    case "torch_static_ptq": try checkStatic(golden)
    case "torch_dynamic_ptq": try checkDynamic(golden)
    case "torch_conv_bn_fold": try checkFolding(golden)
    case "torch_qat": try checkTraining(golden)
    default: recordUnknownKind(golden)
    }
  }
}
