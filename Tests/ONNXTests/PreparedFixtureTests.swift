import Graphs
import ONNX
import OrderedCollections
import Tensors
import Testing

@Suite struct PreparedFixtureTests {
  private func operators(_ model: Model) -> [String] { model.graph.nodes.map(\.operatorName.name) }

  @Test func digitsLosesItsBatchNormalizations() throws {
    let prepared = try Fixtures.model("digits8_cnn.onnx").prepared()
    #expect(
      operators(prepared.model) == [
        "Conv", "Relu", "Conv", "Relu", "MaxPool", "Conv", "Relu", "Conv", "Relu", "MaxPool",
        "Flatten", "Gemm", "Relu", "Gemm",
      ])
    #expect(
      prepared.report.foldings.map(\.reason) == Array(repeating: .batchNormalization, count: 4))
    try prepared.model.graph.validate()
  }

  @Test func everythingThatFoldsFolds() throws {
    let source = try Fixtures.model("folding.onnx")
    let prepared = try source.prepared()
    let graph = prepared.model.graph
    #expect(
      operators(prepared.model) == [
        "Conv", "Relu", "ConvTranspose", "GlobalAveragePool", "Reshape", "Gemm",
      ])
    try graph.validate()
    // The survivors keep their names and make the last value of their chains.
    #expect(
      graph.nodes.map(\.outputs) == [["twice"], ["relu"], ["half"], ["pool"], ["flat"], ["y"]])
    #expect(graph.nodes[0].name == "/conv/Conv")
    #expect(graph.nodes[0].ints("pads") == [2, 1, 2, 3])
    #expect(graph.nodes[0].inputs == ["x", "conv.weight", "conv.bias"])
    #expect(graph.constant("target")?.array(of: Int64.self) == [-1, 4])

    let conv = try #require(source.graph.nodes.first { $0.name == "/conv/Conv" })
    #expect(
      prepared.report.sources(of: conv.id).map(\.operatorName.name).sorted() == [
        "BatchNormalization", "Identity", "Mul", "Pad",
      ])
    #expect(prepared.report.foldings.contains { $0.reason == .unused && $0.value == "unused" })
    #expect(graph.initializers["gamma"] == nil)
  }

  @Test func preparedModelsCanBeWritten() throws {
    for name in ["opset7_legacy.onnx", "opset9_words.onnx", "opset10_resize.onnx"] {
      let prepared = try Fixtures.model(name).prepared().model
      #expect(prepared.opset == 13)
      let bytes = try ModelExporter.encode(prepared)
      let copy = try ModelImporter.decode(bytes, name: name).model
      #expect(try ModelExporter.encode(copy) == bytes, "\(name)")
    }
  }

  @Test func anOldMeaningThatIsGoneIsRefused() throws {
    let model = try Fixtures.model("opset8_spatial.onnx")
    let error = #expect(throws: UpgradeError.self) { try model.upgraded() }
    #expect(try #require(error).description.contains("BatchNormalization"))
  }
}
