import Foundation
import Graphs
import ONNX
import OrderedCollections
import Tensors
import Testing

@Suite struct ExternalDataTests {
  @Test func readsBytesFromBesideTheModel() throws {
    let graph = try Fixtures.model("external/good.onnx").graph
    let weights = try #require(graph.initializers["w"])
    #expect(weights.externalLocation == "weights.bin")
    #expect(weights.tensor.shape == [4, 3, 3, 3])
    let file = try Fixtures.bytes("external/weights.bin")
    #expect(weights.tensor.withUnsafeBytes { Array($0) } == Array(file[64...]))
  }

  @Test func readsBytesThatAreNotAligned() throws {
    let tensor = try #require(try Fixtures.model("external/unaligned.onnx").graph.constant("w"))
    let file = try Fixtures.bytes("external/unaligned.bin")
    #expect(tensor.withUnsafeBytes { Array($0) } == Array(file[61...]))
    #expect(tensor.floats.allSatisfy { $0.magnitude < 10 })
  }

  static let refusals = [
    ("missing", "is missing in"), ("escape", "outside the model's folder"),
    ("absolute", "outside the model's folder"), ("linked", "leads outside"),
    ("beyond", "ends before"), ("negative", "impossible offset"), ("mismatch", "12 bytes"),
  ]

  @Test(arguments: refusals)
  func refusesAndNamesTensorAndFile(model: String, reason: String) throws {
    let error = #expect(throws: ImportError.self) {
      try ModelImporter.load(path: Fixtures.path("external/\(model).onnx"))
    }
    let message = try #require(error).description
    #expect(message.contains("'w'"))
    #expect(message.contains(reason), "\(message)")
  }

  @Test func impossibleShapesAreRefusedBeforeTheFileIsOpened() {
    #expect(throws: ImportError.self) {
      try ModelImporter.load(path: Fixtures.path("external/absurd.onnx"))
    }
  }

  @Test func aModelFromMemoryHasNoFolder() throws {
    let bytes = try Fixtures.bytes("external/good.onnx")
    #expect(throws: ImportError.self) { try ModelImporter.decode(bytes, name: "memory") }
  }
}
