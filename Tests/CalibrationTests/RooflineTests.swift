import Kernels
import Testing

@testable import Calibration

@Suite struct RooflineTests {
  private let peak = HostPeak(
    float32: 50, int8: 100, int8Narrow: 150,
    memory: Bandwidth(byteCount: 1 << 28, read: 12, write: 8, copy: 10),
    cache: Bandwidth(byteCount: 1 << 20, read: 100, write: 50, copy: 80))

  /// One layer of `rows` × `columns` results over `depth` products.
  private func timing(
    _ operatorName: String = "Gemm", rows: Int, columns: Int, depth: Int, bytes: Int,
    microseconds: Double, isInteger: Bool = true, kernel: String = "gemm-u8s8"
  ) -> LayerTiming {
    LayerTiming(
      name: "layer", operator: operatorName, kernel: kernel, medianMicroseconds: microseconds,
      minimumMicroseconds: microseconds, macs: rows * columns * depth, isInteger: isInteger,
      bytesMoved: bytes,
      outputShape: operatorName == "Gemm" ? [rows, columns] : [1, columns, rows, 1], safeRun: nil)
  }

  @Test func arithmeticIsTheRoofOfDeepProducts() throws {
    // 100 million products take a millisecond at the peak.
    let layer = timing(rows: 1000, columns: 100, depth: 1000, bytes: 500_000, microseconds: 1250)
    let roofline = try #require(Roofline(layer, under: peak))
    #expect(roofline.ceiling == .arithmetic)
    #expect(abs(roofline.share - 0.8) < 1e-9)
    #expect(abs((roofline.shareOfPeak ?? 0) - 0.8) < 1e-9)
    #expect(roofline.intensity == 200 && roofline.rate == 100)
    #expect(LayerRemark.text(layer, under: peak, isExpectedInteger: true) == nil)
  }

  @Test func bytesAreTheRoofOfShallowOnes() throws {
    // 2 MB beyond the cache take 200 µs, 0.8 MB inside of it 10 µs.
    let large = timing(rows: 100, columns: 100, depth: 50, bytes: 2_000_000, microseconds: 250)
    let outside = try #require(Roofline(large, under: peak))
    #expect(outside.ceiling == .memory)
    #expect(abs(outside.share - 0.8) < 1e-9)
    #expect(
      LayerRemark.text(large, under: peak, isExpectedInteger: true)?.contains("memory") == true)
    let small = timing(rows: 100, columns: 100, depth: 50, bytes: 800_000, microseconds: 20)
    let inside = try #require(Roofline(small, under: peak))
    #expect(inside.ceiling == .cache)
    #expect(abs(inside.share - 0.5) < 1e-9)
    #expect(abs(inside.throughput - 40) < 1e-9 && inside.rate == 80)
    let between = HostPeak(
      float32: 50, int8: 100, int8Narrow: 150, memory: peak.memory, cache: peak.cache,
      lastCache: Bandwidth(byteCount: 4 << 20, read: 30, write: 20, copy: 25))
    let middle = try #require(Roofline(large, under: between))
    #expect(middle.ceiling == .lastCache && middle.rate == 25)
    #expect(abs(middle.share - 0.32) < 1e-9)
  }

  /// Tiles of codes stand for 144 products with 36 of twice the width, those of floats for 36 with 16.
  @Test func tilesMakeFewerProductsThanTheyStandFor() throws {
    for (kernel, isInteger, share) in [
      ("conv-u8s8-winograd-vpmaddwd-6x16", true, 0.5), ("f32-winograd-6x16-avx2", false, 8.0 / 9),
    ] {
      let layer = timing(
        "Conv", rows: 1000, columns: 100, depth: 1000, bytes: 500_000, microseconds: 1000,
        isInteger: isInteger, kernel: kernel)
      let roofline = try #require(Roofline(layer, under: peak))
      #expect(abs((roofline.shareOfPeak ?? 0) - share) < 1e-9)
      let remark = LayerRemark.text(layer, under: peak, isExpectedInteger: isInteger)
      #expect(remark?.contains("each channel on its own") != true)
    }
  }

  @Test func whatTookNoTimeHasNoPlace() {
    let layer = timing(rows: 1, columns: 1, depth: 1, bytes: 1, microseconds: 0)
    #expect(Roofline(layer, under: peak) == nil)
    #expect(LayerRemark.text(layer, under: peak, isExpectedInteger: true) == nil)
  }

  @Test func slowLayersAreExplained() {
    func remark(_ timing: LayerTiming) -> String {
      LayerRemark.text(timing, under: peak, isExpectedInteger: true) ?? ""
    }
    let base = (bytes: 10_000, microseconds: 900.0)
    #expect(
      remark(
        timing(
          rows: 1, columns: 1000, depth: 1000, bytes: base.bytes, microseconds: base.microseconds)
      ).contains("Few rows: 1 of"))
    #expect(
      remark(
        timing(
          "Conv", rows: 900, columns: 4, depth: 500, bytes: base.bytes,
          microseconds: base.microseconds)
      ).contains("Few channels: 4 of"))
    #expect(
      remark(
        timing(
          "Conv", rows: 900, columns: 64, depth: 9, bytes: base.bytes,
          microseconds: base.microseconds, kernel: "conv-dw-u8s8")
      ).contains("each channel on its own: 9"))
    #expect(
      remark(
        timing(
          "Conv", rows: 900, columns: 64, depth: 27, bytes: base.bytes,
          microseconds: base.microseconds)
      ).contains("27 products for each result"))
    #expect(
      remark(
        timing(
          rows: 900, columns: 64, depth: 270, bytes: base.bytes, microseconds: 900,
          isInteger: false)
      ).contains("fp32"))
  }
}
