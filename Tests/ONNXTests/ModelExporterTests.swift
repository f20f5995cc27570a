import Foundation
import Graphs
import ONNX
import OrderedCollections
import Tensors
import Testing

@Suite struct ModelExporterTests {
  /// All of these keep their tensors as raw bytes, as the exporter does.
  static let canonical = [
    "digits8_cnn.onnx", "toy_conv_conv.onnx", "folding.onnx", "unknown_parts.onnx",
    "opset7_legacy.onnx", "opset11_if.onnx",
  ]

  @Test(arguments: canonical)
  func anUntouchedModelIsWrittenByteForByte(name: String) throws {
    let original = try Fixtures.bytes(name)
    let model = try ModelImporter.decode(original, name: name).model
    #expect(try ModelExporter.encode(model) == original)
  }

  @Test func tensorsOfEveryTypeComeBack() throws {
    let model = try Fixtures.model("element_types.onnx")
    let copy = try ModelImporter.decode(ModelExporter.encode(model), name: "copy").model
    #expect(copy == model)
  }

  @Test func aChangedDeclarationIsRewrittenAndKeepsTheRest() throws {
    var model = try Fixtures.model("unknown_parts.onnx")
    model.graph.inputs[0].dimensions?[0] = .symbolic("batch")
    let bytes = try ModelExporter.encode(model)
    let copy = try ModelImporter.decode(bytes, name: "copy").model
    #expect(copy.graph.inputs[0].dimensions?[0] == .symbolic("batch"))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("a picture") && text.contains("TENSOR"))
  }

  @Test func removedAttributesStayRemoved() throws {
    var model = try Fixtures.model("unknown_parts.onnx")
    model.graph.updateNode(at: 0) { node in
      node.attributes["zeta"] = nil
      node.attributes["beta"] = .string(Array("new".utf8))
    }
    let copy = try ModelImporter.decode(ModelExporter.encode(model), name: "copy").model
    #expect(copy.graph.nodes[0].attributes.keys.sorted() == ["alpha", "beta", "words"])
  }

  @Test func refusesAGraphThatIsNone() throws {
    var model = try Fixtures.model("toy_conv_conv.onnx")
    model.graph.replaceNodes(with: model.graph.nodes.reversed())
    #expect(throws: ExportError.self) { try ModelExporter.encode(model) }
  }
}

@Suite struct SavingTests {
  @Test func savesAndLeavesNothingElse() throws {
    let folder = try TemporaryFolder()
    let model = try Fixtures.model("toy_conv_conv.onnx")
    try ModelExporter.save(model, to: folder.file("m.onnx"))
    #expect(try folder.contents == ["m.onnx"])
    #expect(try ModelImporter.load(path: folder.file("m.onnx")) == model)
  }

  @Test func replacesAnEarlierFile() throws {
    let folder = try TemporaryFolder()
    try Data("old".utf8).write(to: URL(fileURLWithPath: folder.file("m.onnx")))
    let model = try Fixtures.model("toy_conv_conv.onnx")
    try ModelExporter.save(model, to: folder.file("m.onnx"))
    #expect(try ModelImporter.load(path: folder.file("m.onnx")) == model)
  }

  @Test func largeModelsPutTheirWeightsOutside() throws {
    let folder = try TemporaryFolder()
    let model = try Fixtures.model("digits8_cnn.onnx")
    try ModelExporter.save(model, to: folder.file("m.onnx"), externalDataThreshold: 10_000)
    #expect(try folder.contents == ["m.onnx", "m.onnx.data"])
    let copy = try ModelImporter.load(path: folder.file("m.onnx"))
    for (name, initializer) in model.graph.initializers {
      let read = try #require(copy.graph.initializers[name])
      #expect(read.tensor == initializer.tensor, "\(name)")
      let isLarge = initializer.tensor.byteCount >= 1024
      #expect(read.externalLocation == (isLarge ? "m.onnx.data" : nil), "\(name)")
    }
  }

  @Test func aModelReadFromOutsideCanReplaceItself() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.onnx")
    let model = try Fixtures.model("external/good.onnx")
    try ModelExporter.save(model, to: path)
    let first = try ModelImporter.load(path: path)
    // Its weights are still mapped from the file that is replaced.
    try ModelExporter.save(first, to: path)
    #expect(try ModelImporter.load(path: path).graph.constant("w") == model.graph.constant("w"))
    #expect(try folder.contents == ["m.onnx", "m.onnx.data"])
  }

  @Test func aFailureLeavesWhatWasThere() throws {
    let folder = try TemporaryFolder()
    let model = try Fixtures.model("digits8_cnn.onnx")
    let target = folder.file("taken.onnx")
    try FileManager.default.createDirectory(
      atPath: target, withIntermediateDirectories: false)
    #expect(throws: ExportError.cannotWrite(path: target, reason: "it is not a file")) {
      try ModelExporter.save(model, to: target, externalDataThreshold: 0)
    }
    #expect(try folder.contents == ["taken.onnx"])
  }

  @Test func namesAMissingFolder() throws {
    let model = try Fixtures.model("toy_conv_conv.onnx")
    let error = ExportError.cannotWrite(
      path: "/no/such/m.onnx", reason: "No such file or directory")
    #expect(throws: error) { try ModelExporter.save(model, to: "/no/such/m.onnx") }
  }
}
