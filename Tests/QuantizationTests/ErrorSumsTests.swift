import Foundation
import Quantization
import Testing

@Suite struct ErrorSumsTests {
  private func sums(_ reference: [Float], _ test: [Float]) -> ErrorSums {
    var sums = ErrorSums()
    reference.withUnsafeBufferPointer { x in
      test.withUnsafeBufferPointer { y in sums.add(reference: x, test: y) }
    }
    return sums
  }

  @Test func piecesAddUp() {
    var source = Stream(seed: 1)
    let x = source.normals(100)
    let y = source.normals(100)
    var left = sums(Array(x[..<37]), Array(y[..<37]))
    left.merge(sums(Array(x[37...]), Array(y[37...])))
    let whole = sums(x, y)
    #expect(left.count == whole.count)
    #expect(abs(left.sqnr - whole.sqnr) < 1e-9)
    #expect(abs(left.cosine - whole.cosine) < 1e-9)
    #expect(left.largestError == whole.largestError)
  }

  @Test func identicalTensorsHaveNoNoise() {
    #expect(sums([1, -2], [1, -2]).sqnr == .infinity)
    #expect(sums([0, 0], [0, 0]).sqnr.isNaN)
    #expect(sums([0, 0], [1, 0]).sqnr == -.infinity)
  }

  @Test func onnxRuntimeKeepsNormsAboveZero() {
    let least = 20 * log10(Double.ulpOfOne)
    #expect(abs(sums([3, 4], [3, 4]).sqnr(.ort) - (20 * log10(5) - least)) < 1e-9)
    #expect(sums([0, 0], [0, 0]).sqnr(.ort) == 0)
    #expect(abs(sums([0, 0], [1, 0]).sqnr(.ort) - least) < 1e-9)
    #expect(abs(sums([10, 0], [10, 1]).sqnr(.ort) - 20) < 1e-9)
    #expect(abs(sums([10, 0], [10, 1]).normalizedError - 0.1) < 1e-12)
  }

  @Test func aTenthOfTheAmplitudeIsTwentyDecibels() {
    #expect(abs(sums([10, 0], [10, 1]).sqnr - 20) < 1e-9)
    #expect(sums([3, 4], [4, -3]).cosine == 0)
    #expect(sums([3, 4], [4, -3]).largestError == 7)
  }

  @Test func whatIsNotFiniteIsCountedApart() {
    let found = sums([1, .nan, 2], [1, 1, .infinity])
    #expect(found.count == 1)
    #expect(found.nonFiniteCount == 2)
    #expect(found.sqnr == .infinity)
  }
}
