import Testing

@Suite(.golden("models")) struct ModelGoldenTests {
  /// Training runs are not recorded formulas; see Tests/Golden/README.md.
  static let cases = GoldenSet.current.cases("models").filter { $0.kind != "torch_qat" }

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    switch golden.kind {
    case "torch_static_ptq": try checkStatic(golden)
    case "torch_dynamic_ptq": try checkDynamic(golden)
    case "torch_conv_bn_fold": try checkFolding(golden)
    default: recordUnknownKind(golden)
    }
  }
}
