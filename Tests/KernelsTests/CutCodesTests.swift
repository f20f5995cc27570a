import CKernels
import Kernels
import Testing

/// Codes cut to seven bits, and what is left of the others.
@Suite struct CutCodesTests {
  /// What cutting gives.
  private struct Cut: Equatable {
    var codes: [UInt8]
    var base: Int32
    var starts: [UInt32]
    var places: [UInt32]
    var rests: [Int32]
  }

  private static let isas = [KERN_SCALAR, KERN_AVX2].filter(kern_isa_supported)

  private func cut(
    _ codes: [UInt8], most: Int, by isa: kern_isa
  ) -> Cut? {
    let buffer = GuardedBuffer(codes)
    let starts = GuardedBuffer<UInt32>(count: codes.count / 32 + 1, repeating: 9)
    let rests = GuardedBuffer<kern_code_rest>(count: max(most, 1), repeating: kern_code_rest())
    defer { withExtendedLifetime((buffer, starts, rests)) {} }
    var to = kern_cut_codes(
      codes: buffer.base, base: 0, starts: starts.base, rests: rests.base)
    guard kern_int8_table_for(isa).pointee.cut_u8(buffer.base, codes.count, most, &to) else {
      #expect(buffer.array == codes, "changed codes that it did not cut")
      return nil
    }
    let found = rests.array.prefix(Int(starts.array.last ?? 0))
    return Cut(
      codes: buffer.array, base: to.base, starts: starts.array, places: found.map(\.place),
      rests: found.map(\.rest))
  }

  /// Around zero, around the middle, at both ends of the ranges, and anywhere.
  private func codes(_ count: Int, kind: Int) -> [UInt8] {
    var random = SeededRandom(seed: UInt64(count * 7 + kind))
    return (0..<count).map { _ in
      let isRare = Int.random(in: 0..<20, using: &random) == 0
      switch kind {
      case 0: return UInt8.random(in: isRare ? 120...255 : 0...127, using: &random)
      case 1: return UInt8.random(in: isRare ? 0...255 : 64...191, using: &random)
      case 2: return [0, 63, 64, 127, 128, 191, 192, 255].randomElement(using: &random) ?? 0
      default: return UInt8.random(in: 0...255, using: &random)
      }
    }
  }

  @Test(arguments: [0, 32, 64, 96, 1_024], [0, 1, 2, 3])
  func codesAreTheirPartsTogether(count: Int, kind: Int) throws {
    let codes = codes(count, kind: kind)
    for isa in Self.isas {
      let cut = try #require(self.cut(codes, most: count, by: isa))
      #expect(cut.codes.allSatisfy { $0 <= 127 })
      var sums = cut.codes.map { Int32($0) + cut.base }
      for (place, rest) in zip(cut.places, cut.rests) {
        #expect(rest != 0)
        sums[Int(place)] += rest
      }
      #expect(sums == codes.map(Int32.init))
      #expect(cut.places == cut.places.sorted())
      for (block, start) in cut.starts.enumerated() {
        #expect(Int(start) == cut.places.count { $0 < block * 32 })
      }
    }
  }

  @Test(arguments: [32, 96, 1_024], [0, 1, 2, 3])
  func kernelsEqualTheReference(count: Int, kind: Int) {
    let codes = codes(count, kind: kind)
    for most in [0, 1, count / 20, count / 2, count] {
      let results = Self.isas.map { cut(codes, most: most, by: $0) }
      #expect(results.allSatisfy { $0 == results[0] }, "at most \(most)")
    }
  }

  /// Codes of which few are large, on both sides of zero or above it, under windows of strips.
  @Test(arguments: [0, 128], [20, 150, 4_000])
  func stripsWithFewLargeCodesAreExact(zeroPoint: Int, largeEvery: Int) {
    for example in Int8Case.strips {
      var random = SeededRandom(seed: UInt64(largeEvery))
      let input = (0..<example.geometry.inputCount * example.batch).map { _ -> UInt8 in
        if Int.random(in: 0..<largeEvery, using: &random) == 0 {
          return zeroPoint == 0 || Bool.random(using: &random) ? 255 : 0
        }
        return UInt8(clamping: Int.random(in: zeroPoint - 64...zeroPoint + 63, using: &random))
      }
      let weights = Int8Values.random.weights(example.geometry.weightCount, seed: 4)
      let sums = Int8Reference.accumulators(
        example.geometry, input: input, weights: weights, zeroPoint: UInt8(zeroPoint),
        batch: example.batch)
      for isa in InstructionSet.available {
        let convolution = ConvolutionInt8(
          geometry: example.geometry, weights: weights,
          requantization: Requantization(
            multipliers: [0.001], biases: [], inputZeroPoint: UInt8(zeroPoint),
            outputZeroPoint: 128), isa: isa)
        for threads in [1, 2] {
          #expect(
            run(convolution, input, UInt8(zeroPoint), batch: example.batch, threads: threads)
              == sums, "\(isa), \(example.name), \(threads) threads")
        }
      }
    }
  }

  /// Images so low, or of so few lines, that some threads have none or one.
  @Test(arguments: [(1, 1_000, 64, 2), (3, 100, 64, 2), (14, 14, 128, 8)])
  func lowImagesAreCutForAnyNumberOfThreads(
    height: Int, width: Int, channels: Int, threads: Int
  ) {
    let geometry = ConvolutionGeometry(
      inputHeight: height, inputWidth: width, inputChannels: channels, outputChannels: channels,
      kernelHeight: min(height, 3), kernelWidth: 3, padLeft: 1, padRight: 1)
    let input = (0..<geometry.inputCount).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let weights = Int8Values.random.weights(geometry.weightCount, seed: 4)
    let sums = Int8Reference.accumulators(
      geometry, input: input, weights: weights, zeroPoint: 3, batch: 1)
    for isa in InstructionSet.available where isa != .scalar {
      let convolution = ConvolutionInt8(
        geometry: geometry, weights: weights,
        requantization: Requantization(
          multipliers: [0.001], biases: [], inputZeroPoint: 3, outputZeroPoint: 128), isa: isa)
      #expect(run(convolution, input, 3, batch: 1, threads: threads) == sums, "\(isa)")
    }
  }

  private func run(
    _ convolution: ConvolutionInt8, _ input: [UInt8], _ zeroPoint: UInt8, batch: Int, threads: Int
  ) -> [Int32] {
    let source = GuardedBuffer(input)
    let sums = GuardedBuffer<Int32>(
      count: convolution.geometry.outputCount * batch, repeating: 77)
    let scratch = GuardedBuffer<UInt8>(
      count: convolution.scratchByteCount(batch: batch, threads: threads), flushWith: .start,
      repeating: 255)
    defer { withExtendedLifetime((source, scratch)) {} }
    convolution.runAccumulators(
      source.base, zeroPoint: zeroPoint, sums.base, batch: batch, scratch: scratch.base,
      pool: ThreadPool(threads: threads))
    return sums.array
  }
}
