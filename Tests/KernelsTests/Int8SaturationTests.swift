import Kernels
import Testing

@Suite struct Int8SaturationTests {
  private func saturated(_ sum: Int32) -> Int32 { min(max(sum, -32_768), 32_767) }

  /// Two inputs of full range with large weights saturate; the guarded kernel stays exact.
  @Test func gemmCountsAndShowsWhatAnUnguardedKernelWouldDo() {
    let depth = 6
    let a: [UInt8] = [255, 255, 10, 20, 255, 0, 1, 2, 3, 4, 5, 6]
    let b: [Int8] = [127, 127, 127, -128, -128, 127]
    let change = Requantization(multipliers: [0.001], inputZeroPoint: 0, outputZeroPoint: 100)
    let gemm = GEMMInt8(
      depth: depth, columns: 1, weights: b, transposed: true, requantization: change)
    let count = gemm.saturation(a, rows: 2)
    #expect(count == SaturationCount(pairs: 6, saturated: 1))
    var output: [UInt8] = [0, 0]
    #expect(gemm.runSaturating(a, &output, rows: 2) == count)
    let expected = [0, 1].map { row in
      let sum = stride(from: 0, to: depth, by: 2).reduce(Int32(0)) { total, k in
        total
          + saturated(
            Int32(a[row * depth + k]) * Int32(b[k])
              + Int32(a[row * depth + k + 1]) * Int32(b[k + 1]))
      }
      return change.code(of: sum, channel: 0)
    }
    #expect(output == expected)
  }

  @Test(arguments: [1, 4])
  func convolutionsCountPairsOfEveryWindow(groups: Int) {
    let geometry = ConvolutionGeometry(
      inputHeight: 3, inputWidth: 3, inputChannels: 4, outputChannels: 4, kernelHeight: 2,
      kernelWidth: 2, groups: groups)
    let depth = geometry.weightCount / 4
    let weights = [Int8](repeating: 127, count: geometry.weightCount)
    let input = [UInt8](repeating: 255, count: geometry.inputCount)
    let change = Requantization(
      multipliers: [0.0001], inputZeroPoint: 0, outputZeroPoint: 0)
    let convolution = ConvolutionInt8(
      geometry: geometry, weights: weights, requantization: change)
    var output = [UInt8](repeating: 0, count: geometry.outputCount)
    let count = convolution.runSaturating(input, &output, batch: 1)
    let pairs = geometry.outputCount * depth / 2
    #expect(count == SaturationCount(pairs: pairs, saturated: pairs))
    #expect(convolution.saturation(input, batch: 1) == count)
    let sum = Int32(depth / 2) * 32_767
    #expect(output == [UInt8](repeating: change.code(of: sum, channel: 0), count: output.count))
  }

  @Test func reducedRangeNeverSaturates() {
    let weights = [Int8](repeating: -128, count: 64)
    let gemm = GEMMInt8(
      depth: 64, columns: 1, weights: weights, transposed: true, inputMaximum: 127,
      requantization: Requantization(
        multipliers: [0.001], inputZeroPoint: 0, outputZeroPoint: 200))
    let a = [UInt8](repeating: 127, count: 64)
    #expect(gemm.saturation(a, rows: 1) == SaturationCount(pairs: 32, saturated: 0))
  }
}
