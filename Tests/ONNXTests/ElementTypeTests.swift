import Graphs
import ONNX
import OrderedCollections
import Tensors
import Testing

@Suite struct StoredElementTests {
  let graph: Graph

  init() throws { graph = try Fixtures.model("element_types.onnx").graph }

  /// Every type is stored twice in the model: in its typed field, and as raw bytes.
  @Test func typedFieldsAndRawBytesAgree() throws {
    var compared = 0
    for (name, raw) in graph.initializers where name.hasSuffix("_raw") {
      let typed = try #require(graph.constant(String(name.dropLast(4))))
      #expect(typed == raw.tensor, "\(name)")
      compared += 1
    }
    #expect(compared >= 12)
  }

  @Test func extremesSurvive() throws {
    #expect(graph.constant("int8")?.array(of: Int8.self) == [-128, 127])
    #expect(graph.constant("uint16")?.array(of: UInt16.self) == [0, 65535])
    #expect(graph.constant("int32")?.array(of: Int32.self) == [.min, .max])
    #expect(graph.constant("uint32")?.array(of: UInt32.self) == [0, .max])
    #expect(graph.constant("int64")?.array(of: Int64.self) == [.min, .max])
    #expect(graph.constant("uint64")?.array(of: UInt64.self) == [0, .max])
    #expect(graph.constant("float64")?.array(of: Double.self) == [1.5, -2])
    #expect(graph.constant("bool")?.array(of: Bool.self) == [true, false])
    #expect(graph.constant("string")?.strings == [Array("one".utf8), [0xFF, 0xFE]])
  }

  @Test func halvesKeepTheirBits() throws {
    let half = try #require(graph.constant("float16"))
    #expect(half.withUnsafeBytes { Array($0) } == [0x00, 0x3E, 0x00, 0xC0])
    let brain = try #require(graph.constant("bfloat16"))
    #expect(brain.withUnsafeBytes { Array($0) } == [0xC0, 0x3F, 0x00, 0xC0])
  }

  @Test func fourBitElementsArePackedLowFirst() throws {
    let signed = try #require(graph.constant("int4"))
    #expect(signed.shape == [3])
    #expect(signed.withUnsafeBytes { Array($0) } == [0x78, 0x03])
  }
}

@Suite struct TensorProtoFileTests {
  @Test func readsTestData() throws {
    let (name, tensor) = try TensorProtoFile.read(try Fixtures.bytes("tensor.pb"))
    #expect(name == "input_0")
    #expect(tensor == Tensor([Float(1), 2, 3], shape: [3, 1]))
  }

  @Test func readsWhatItWrites() throws {
    let tensor = Tensor([Int64.min, 0, 7], shape: [3])
    let (name, read) = try TensorProtoFile.read(TensorProtoFile.write(tensor, name: "t"))
    #expect(name == "t")
    #expect(read == tensor)
  }

  @Test func refusesAModel() throws {
    let bytes = try Fixtures.bytes("digits8_cnn.onnx")
    #expect(throws: ImportError.self) { try TensorProtoFile.read(bytes) }
  }
}
