import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct PreprocessingTests {
  @Test func readsEveryKeyAndWritesItBack() throws {
    let text =
      "resize=256,crop=224x192,scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,"
      + "order=bgr,layout=nhwc->nchw,dtype=float16"
    let steps = try Preprocessing(parsing: text)
    #expect(steps.resize == .side(256))
    #expect(steps.crop == .exact(height: 224, width: 192))
    #expect(steps.scale == .init(1, over: 255))
    #expect(steps.mean == [0.485, 0.456, 0.406])
    #expect(steps.standardDeviation == [0.229, 0.224, 0.225])
    #expect(steps.order == .bgr)
    #expect(steps.sourceLayout == .channelsLast && steps.layout == .channelsFirst)
    #expect(steps.elementType == .float16)
    #expect(steps.text == text)
  }

  @Test(arguments: ["", "scale=0.0078125", "layout=nchw", "order=gray", "mean=1/2", "dtype=int8"])
  func survivesJSON(text: String) throws {
    let steps = try Preprocessing(parsing: text)
    let data = try JSONEncoder().encode([steps])
    #expect(
      String(decoding: data, as: UTF8.self) == #"["\#(steps.text.replacing("/", with: "\\/"))"]"#)
    #expect(try JSONDecoder().decode([Preprocessing].self, from: data) == [steps])
  }

  @Test(arguments: [
    ("sclae=1/255", "no key 'sclae'"), ("sclae=1/255", "did you mean 'scale'"),
    ("blur=3", "known keys are frame, resize, crop, scale, mean, std, order, layout, dtype"),
    ("scale", "needs a value"), ("scale=1/0", "write scale=1/255"), ("scale=abc", "write scale"),
    ("mean=1:x", "write mean"), ("std=0.2:0:0.1", "standard deviation of 0"),
    ("resize=0", "write resize=256"), ("crop=-3", "write crop"),
    ("resize=99999999", "write resize"),
    ("order=cmyk", "order=bgr"), ("layout=nhwc->", "layout=nhwc->nchw"),
    ("dtype=bf16", "known types"),
    ("scale=1,scale=2", "given twice"), ("mean=1:2,std=1:2:3", "mean has 2 values and std has 3"),
  ])
  func saysWhatIsWrong(text: String, words: String) {
    let said = message { _ = try Preprocessing(parsing: text) }
    #expect(said.contains(words), "\(said)")
  }

  @Test func normalizesPixelsExactlyAsNumPyDoes() throws {
    let steps = try Preprocessing(
      parsing: "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,layout=nhwc->nchw")
    let pixels = try DatasetSource.open(TestData.path("pixels.npz")).tensor("calib_u8_nhwc")
    let expected = try TestData.npy("pixels_normalized")
    for index in 0..<2 {
      let sample = try steps.applied(to: pixels.slice(index), place: "sample")
      #expect(sample == expected.slice(index))
    }
  }

  @Test func onePairOfValuesScalesAnyRank() throws {
    let steps = try Preprocessing(parsing: "mean=127,std=128")
    let sample = try steps.applied(to: Tensor([UInt8(127), 255, 0]), place: "sample")
    #expect(sample == Tensor([Float(0), 1, -127.0 / 128]))
  }

  @Test func resizesBilinearly() throws {
    let steps = try Preprocessing(parsing: "resize=8x4,layout=nchw")
    let resized = try steps.applied(to: TestData.npy("resize_in"), place: "sample")
    let expected = try TestData.npy("resize_out")
    #expect(resized.shape == expected.shape)
    for (value, wanted) in zip(resized.floats, expected.floats) {
      #expect(abs(value - wanted) < 1e-6)
    }
  }

  @Test(arguments: [(4, 6, 8, 8, 12), (6, 4, 8, 12, 8), (4, 10, 3, 3, 7), (5, 5, 5, 5, 5)])
  func theShorterSideDecides(height: Int, width: Int, side: Int, newHeight: Int, newWidth: Int)
    throws
  {
    let steps = try Preprocessing(parsing: "resize=\(side),layout=nhwc")
    let sample = Tensor(.uint8, shape: [height, width, 3])
    let resized = try steps.applied(to: sample, place: "sample")
    #expect(resized.shape == [newHeight, newWidth, 3])
    #expect(steps.outputDimensions([height, width, 3]) == [newHeight, newWidth, 3])
  }

  @Test func cropsTheCentreOfEitherLayout() throws {
    let last = Tensor((0..<30).map { UInt8($0) }, shape: [5, 6, 1])
    let cropped = try Preprocessing(parsing: "crop=1x2,layout=nhwc").applied(to: last, place: "s")
    #expect(cropped == Tensor([UInt8(14), 15], shape: [1, 2, 1]))
    let first = last.reshaped(to: [1, 5, 6])
    let other = try Preprocessing(parsing: "crop=1x2,layout=nchw").applied(to: first, place: "s")
    #expect(other == Tensor([UInt8(14), 15], shape: [1, 1, 2]))
    let said = message {
      _ = try Preprocessing(parsing: "crop=9").applied(to: last, place: "cat.png")
    }
    #expect(said.contains("cat.png") && said.contains("larger than the image of 5x6"))
  }

  @Test func ordersChannelsAfterNormalizing() throws {
    let pixel = Tensor([UInt8(10), 20, 30], shape: [1, 1, 3])
    let turned = try Preprocessing(parsing: "order=bgr,layout=nhwc")
      .applied(to: pixel, place: "s")
    #expect(turned == Tensor([UInt8(30), 20, 10], shape: [1, 1, 3]))
    let shifted = try Preprocessing(parsing: "order=bgr,mean=10:0:0,layout=nhwc")
      .applied(to: pixel, place: "s")
    #expect(shifted.floats == [30, 20, 0])
    let gray = try Preprocessing(parsing: "order=gray,layout=nhwc->nchw")
      .applied(to: pixel, place: "s")
    #expect(gray.shape == [1, 1, 1])
    #expect(abs(gray.floats[0] - 18.15) < 1e-4)
  }

  @Test func castsByRoundingHalfToEven() throws {
    let values = Tensor([Float(0.5), 1.5, -0.5, 2.4])
    let cast = try Preprocessing(parsing: "dtype=int8").applied(to: values, place: "s")
    #expect(cast == Tensor([Int8(0), 2, 0, 2]))
    let said = message {
      _ = try Preprocessing(parsing: "dtype=uint8").applied(to: Tensor([Float(-3)]), place: "row 0")
    }
    #expect(said.contains("row 0 holds -3.0, which is no uint8"))
  }

  @Test func asksForTheLayoutWhereItIsUnclear() {
    let said = message {
      _ = try Preprocessing(parsing: "order=bgr")
        .applied(to: Tensor(.float32, shape: [3, 5, 3]), place: "s")
    }
    #expect(said.contains("add layout=nhwc or layout=nchw"))
    let wrong = message {
      _ = try Preprocessing(parsing: "mean=1:2:3,layout=nhwc")
        .applied(to: Tensor(.float32, shape: [4, 4, 1]), place: "s")
    }
    #expect(wrong.contains("mean has 3 values and the data 1 channels"))
  }
}
