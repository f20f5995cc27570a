import Foundation
import Graphs
import ONNX
import OrderedCollections
import Tensors
import Testing

@Suite struct ModelImporterTests {
  @Test func readsNodesWeightsAndDeclarations() throws {
    let model = try Fixtures.model("digits8_cnn.onnx")
    #expect(model.opset == 17)
    #expect(model.irVersion == 8)
    #expect(model.producerName == "pytorch")
    #expect(model.graph.nodes.count == 18)
    #expect(model.graph.nodes[0].operatorName == OperatorName("Conv"))
    #expect(model.graph.nodes[0].ints("kernel_shape") == [3, 3])
    #expect(model.graph.inputs.map(\.name) == ["input"])
    #expect(
      model.graph.inputs[0].dimensions == [.symbolic("N"), .fixed(1), .fixed(8), .fixed(8)])
    #expect(model.graph.inputs[0].elementType == .float32)
  }

  @Test func sortsNodesAndSaysSo() throws {
    let read = try ModelImporter.read(path: Fixtures.path("unsorted.onnx"))
    #expect(read.model.graph.nodes.map(\.operatorName.name) == ["Abs", "Neg", "Relu"])
    #expect(read.notes.count == 1)
  }

  @Test func leavesOldOpsetsAsTheyAre() throws {
    let model = try Fixtures.model("opset7_legacy.onnx")
    #expect(model.opset == 7)
    #expect(model.graph.nodes.first { $0.is("Clip") }?.float("max") == 6)
  }

  @Test func keepsSubgraphs() throws {
    let model = try Fixtures.model("opset11_if.onnx")
    let node = try #require(model.graph.nodes.first { $0.is("If") })
    #expect(node.subgraphs.map { $0.nodes[0].operatorName.name } == ["Unsqueeze", "Unsqueeze"])
    #expect(node.capturedNames == ["m"])
  }

  static let refusals: [(String, ImportError)] = [
    ("opset6.onnx", .unsupportedOpset(6)),
    ("opset99.onnx", .unsupportedOpset(99)),
    ("cyclic.onnx", .invalidGraph(.cycle(nodes: ["'first'", "'second'", "Abs → 'y'"]))),
    ("twice.onnx", .invalidGraph(.valueMadeTwice(value: "y", node: "Abs → 'y'"))),
    ("undefined.onnx", .invalidGraph(.undefinedInput(value: "ghost", node: "'sum'"))),
    ("no_output.onnx", .invalidGraph(.undefinedOutput(value: "y"))),
    ("absurd_input.onnx", .absurdShape(value: "x")),
    ("short_tensor.onnx", .invalidTensor(name: "w", reason: "needs 16 bytes and has 12")),
    (
      "huge_tensor.onnx",
      .invalidTensor(
        name: "w", reason: "has the impossible shape 2147483648×2147483648×2147483648")
    ),
  ]

  @Test(arguments: refusals)
  func refusesWhatIsNoGraph(name: String, expected: ImportError) {
    #expect(throws: expected) { try ModelImporter.load(path: Fixtures.path(name)) }
  }

  @Test func namesAMissingFile() {
    #expect(
      throws: ImportError.cannotRead(path: "/no/model.onnx", reason: "No such file or directory")
    ) { try ModelImporter.load(path: "/no/model.onnx") }
  }

  @Test func refusesAFolder() {
    #expect(throws: ImportError.cannotRead(path: "/", reason: "it is not a file")) {
      try ModelImporter.load(path: "/")
    }
  }
}

@Suite struct DamagedFileTests {
  @Test func everyTruncationIsRefused() throws {
    let bytes = try Fixtures.bytes("folding.onnx")
    for length in 0..<bytes.count {
      #expect(throws: ImportError.self, "the first \(length) bytes") {
        try ModelImporter.decode(Array(bytes.prefix(length)), name: "cut")
      }
    }
  }

  @Test func otherFilesAreNoModels() throws {
    for other in ["tensor.pb", "make_models.py"] {
      let bytes = try Fixtures.bytes(other)
      #expect(throws: ImportError.self, "\(other)") {
        try ModelImporter.decode(bytes, name: other)
      }
    }
  }

  /// Whatever the bytes, the outcome is a model that can be prepared and written, or an error.
  @Test(arguments: ["opset7_legacy.onnx", "opset11_if.onnx", "folding.onnx", "unknown_parts.onnx"])
  func flippedBitsNeverCrash(name: String) throws {
    let bytes = try Fixtures.bytes(name)
    var random = SplitMix(state: 11)
    var survivors = 0
    for _ in 0..<400 {
      var damaged = bytes
      for _ in 0..<3 {
        let position = Int(random.next() % UInt64(damaged.count))
        damaged[position] ^= 1 << UInt8(random.next() % 8)
      }
      guard let read = try? ModelImporter.decode(damaged, name: name),
        let prepared = try? read.model.prepared()
      else { continue }
      try prepared.model.graph.validate()
      _ = prepared.model.graph.patternMatches()
      _ = try ModelExporter.encode(prepared.model)
      survivors += 1
    }
    #expect(survivors > 0)
  }

  @Test func deepNestingIsRefused() {
    // Graph in attribute in node in graph, and so on: fields 6, 5 and 1 of their messages.
    var bytes: [UInt8] = []
    for level in 0..<300 {
      let tag: UInt8 = [0x32, 0x2A, 0x0A][level % 3]
      bytes = [tag] + Self.varint(bytes.count) + bytes
    }
    let model: [UInt8] = [0x08, 8, 0x3A] + Self.varint(bytes.count) + bytes
    #expect(throws: ImportError.nestedTooDeep(path: "deep")) {
      try ModelImporter.decode(model, name: "deep")
    }
  }

  private static func varint(_ value: Int) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }
}

/// A small generator, so that failures repeat.
private struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
