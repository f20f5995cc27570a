import Tensors
import Testing

@testable import Datasets

@Suite struct ImageFileTests {
  @Test func decodesPNGExactly() throws {
    #expect(try ImageFile.decode(TestData.path("images/a.png")) == TestData.npy("image_a"))
  }

  @Test func greyBecomesThreeEqualChannels() throws {
    let image = try ImageFile.decode(TestData.path("images/b.png"))
    #expect(image.shape == [4, 6, 3])
    #expect(Array(image.array(of: UInt8.self).prefix(9)) == [0, 0, 0, 10, 10, 10, 20, 20, 20])
  }

  @Test func deepSamplesKeepTheirHighByte() throws {
    let image = try ImageFile.decode(TestData.path("deep.png"))
    #expect(image.array(of: UInt8.self) == [0, 0, 0, 0x12, 0x12, 0x12, 255, 255, 255])
  }

  @Test func decodesJPEGWithinItsLoss() throws {
    let image = try ImageFile.decode(TestData.path("gradient.jpg"))
    #expect(image.shape == [16, 16, 3])
    let values: [UInt8] = image.array()
    for y in 0..<16 {
      for x in 0..<16 {
        let pixel = values[(y * 16 + x) * 3..<(y * 16 + x) * 3 + 3].map(Int.init)
        let errors = zip(pixel, [x * 8, y * 8, 128]).map { abs($0 - $1) }
        #expect(errors.allSatisfy { $0 <= 8 }, "\(pixel) at \(y), \(x)")
      }
    }
  }

  @Test(arguments: [
    ("bad_image.png", "bad_image.png"), ("bad_image.jpg", "bad_image.jpg"),
    ("bad_image_text.png", "neither a PNG nor a JPEG"), ("none.png", "No such file"),
  ])
  func saysWhichImageIsCorrupt(name: String, words: String) {
    let said = message { _ = try ImageFile.decode(TestData.path(name)) }
    #expect(said.contains(words), "\(said)")
  }
}
