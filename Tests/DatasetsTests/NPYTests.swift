import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct NPYTests {
  private func integers<Element: TensorElement & FixedWidthInteger>(_ type: Element.Type) -> Tensor
  {
    Tensor([Element.min, 0, 1, 2, 3, Element.max], shape: [2, 3])
  }

  @Test func readsEveryIntegerType() throws {
    #expect(try TestData.npy("type_i1") == integers(Int8.self))
    #expect(try TestData.npy("type_i2") == integers(Int16.self))
    #expect(try TestData.npy("type_i4") == integers(Int32.self))
    #expect(try TestData.npy("type_i8") == integers(Int64.self))
    #expect(try TestData.npy("type_u1") == integers(UInt8.self))
    #expect(try TestData.npy("type_u2") == integers(UInt16.self))
    #expect(try TestData.npy("type_u4") == integers(UInt32.self))
    #expect(try TestData.npy("type_u8") == integers(UInt64.self))
  }

  @Test(arguments: ["f2", "f4", "f8"])
  func readsEveryFloatType(code: String) throws {
    let tensor = try TestData.npy("type_\(code)")
      .converted(to: .float64, rounding: false, place: "")
    let values: [Double] = tensor.array()
    #expect(tensor.shape == [2, 3])
    #expect(values[0..<5] == [-1.5, 0, 0.25, .infinity, -.infinity])
    #expect(values[5].isNaN)
  }

  @Test func readsTruthValuesAndComplexNumbers() throws {
    let truths = try TestData.npy("type_b1")
    #expect(truths == Tensor([true, false, true, false, false, true], shape: [2, 3]))
    let complex = try TestData.npy("type_c8")
    #expect(complex.elementType == .complex64)
    #expect(complex.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } == [1, 2, 0, -3])
  }

  @Test func readsScalarsAndEmptyArrays() throws {
    #expect(try TestData.npy("scalar") == .scalar(Float(2.5)))
    #expect(try TestData.npy("empty") == Tensor(.float32, shape: [0, 3]))
  }

  @Test func readsStrings() throws {
    let unicode = ["a", "grün", "", "字"].map { Array($0.utf8) }
    #expect(try TestData.npy("unicode") == Tensor(strings: unicode, shape: [2, 2]))
    let bytes = ["ab", "c"].map { Array($0.utf8) }
    #expect(try TestData.npy("bytestring") == Tensor(strings: bytes, shape: [2]))
    let swapped = ["ab", "ü"].map { Array($0.utf8) }
    #expect(try TestData.npy("big_endian_unicode") == Tensor(strings: swapped, shape: [2]))
  }

  @Test func turnsOtherByteAndMemoryOrders() throws {
    #expect(try TestData.npy("big_endian") == Tensor((0..<6).map(Float.init), shape: [2, 3]))
    #expect(try TestData.npy("fortran") == Tensor((0..<24).map(Int32.init), shape: [2, 3, 4]))
  }

  @Test(arguments: ["version2", "version3"])
  func readsLaterVersions(name: String) throws {
    #expect(try TestData.npy(name) == Tensor([Float(0), 1, 2]))
  }

  @Test(arguments: [
    ("bad_objects", "Python objects"), ("bad_records", "records with named fields"),
    ("bad_dates", "dates"), ("bad_truncated", "truncated"), ("bad_longer", "29 bytes of data"),
    ("bad_magic", "starts with 50 4b"), ("bad_version", "format 9.0"),
    ("bad_header_cut", "claims 128 bytes"), ("bad_absurd", "no file can hold"),
    ("bad_huge", "4000000000000 bytes"), ("bad_negative", "no count"),
    ("bad_code", "'(' is missing"), ("missing", "No such file"),
  ])
  func saysWhatIsWrongWithAFile(name: String, words: String) {
    let said = message { _ = try TestData.npy(name) }
    #expect(said.contains(words), "\(said)")
    #expect(said.contains("\(name).npy"), "\(said)")
  }

  @Test func noPrefixOfAFileIsAcceptedOrCrashes() throws {
    let bytes = Array(try Data(contentsOf: URL(filePath: TestData.path("type_i4.npy"))))
    for count in 0..<bytes.count {
      #expect(throws: DatasetError.self) {
        try NPY.decode(Array(bytes[..<count]), name: "a prefix of \(count) bytes")
      }
    }
  }

  @Test func noChangedHeaderByteCrashes() throws {
    let bytes = Array(try Data(contentsOf: URL(filePath: TestData.path("type_i4.npy"))))
    for position in 0..<128 {
      for value: UInt8 in [0, 0x27, 0x28, 0x39, 0x7d, 0xff] {
        var changed = bytes
        changed[position] = value
        if let tensor = try? NPY.decode(changed, name: "changed") {
          #expect(tensor.byteCount == 24)
        }
      }
    }
  }

  @Test(arguments: [
    "type_i1", "type_u8", "type_f2", "type_f4", "type_b1", "type_c8", "scalar", "empty", "fortran",
    "unicode", "big_endian_unicode",
  ])
  func whatIsWrittenReadsBack(name: String) throws {
    let tensor = try TestData.npy(name)
    #expect(try NPY.decode(try NPY.encode(tensor, name: name), name: name) == tensor)
  }

  @Test func writesTheBytesThatNumPyWrites() throws {
    for name in ["type_i4", "type_f2", "type_b1", "scalar", "empty", "unicode", "version2"] {
      let path = TestData.path(name == "version2" ? "type_u1.npy" : name + ".npy")
      let bytes = Array(try Data(contentsOf: URL(filePath: path)))
      #expect(try NPY.encode(try NPY.read(path), name: name) == bytes, "\(path)")
    }
  }

  @Test func widensWhatNumPyDoesNotHave() throws {
    let halves: [UInt16] = [0x3fc0, 0xc000]
    var bfloat = Tensor(.bfloat16, shape: [2])
    bfloat.withUnsafeMutableBytes {
      $0.copyBytes(from: halves.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    }
    #expect(try NPY.decode(NPY.encode(bfloat, name: "b"), name: "b") == Tensor([Float(1.5), -2]))
    var nibbles = Tensor(.int4, shape: [3])
    nibbles.withUnsafeMutableBytes { $0.copyBytes(from: [0x7f, 0x08]) }
    #expect(try NPY.decode(NPY.encode(nibbles, name: "n"), name: "n") == Tensor([Int8(-1), 7, -8]))
    var narrow = Tensor(.float8e4m3fn, shape: [2])
    narrow.withUnsafeMutableBytes { $0.copyBytes(from: [0x3c, 0xfe]) }
    #expect(try NPY.decode(NPY.encode(narrow, name: "f"), name: "f") == Tensor([Float(1.5), -448]))
    let said = message { _ = try NPY.encode(Tensor(strings: [[0xff]], shape: [1]), name: "scores") }
    #expect(said.contains("scores") && said.contains("string"))
  }

  @Test func writingReplacesAFileOrLeavesIt() throws {
    try TestData.withFolder { folder in
      try NPY.write(Tensor([Float(1)]), to: folder + "/a.npy")
      try NPY.write(Tensor([Float(2)]), to: folder + "/a.npy")
      #expect(try NPY.read(folder + "/a.npy") == Tensor([Float(2)]))
      #expect(throws: DatasetError.self) {
        try NPY.write(Tensor(strings: [[0xff]], shape: [1]), to: folder + "/a.npy")
      }
      #expect(throws: DatasetError.self) {
        try NPY.write(Tensor([Float(1)]), to: folder + "/none/a.npy")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.npy"])
    }
  }
}
