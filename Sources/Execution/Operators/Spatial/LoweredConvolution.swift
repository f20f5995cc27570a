internal import Kernels
internal import Tensors

/// A plain convolution in float32 as products of matrices: what the taps meet is laid out in rows
/// first, or what they give added up afterwards.
struct LoweredConvolution {
  private let plain: PlainConvolution
  private let isTransposed: Bool
  private let product: MatMulFloat
  private let isa: InstructionSet
  /// Rows of what the taps of one group meet.
  private let depth: Int

  /// More bytes than this are not worth the speed.
  private static let byteLimit = 1 << 28

  /// `nil` where the rows would take too much memory.
  init?(_ plain: PlainConvolution, isa: InstructionSet) {
    let isTransposed = plain.isTransposed
    self.plain = plain
    self.isTransposed = isTransposed
    self.isa = isa
    let positions = plain.window.positions.elementCount
    let (inputs, outputs) = (
      plain.inputChannels / plain.groups, plain.outputChannels / plain.groups
    )
    depth = plain.window.tapCount * (isTransposed ? outputs : inputs)
    let (bytes, overflow) = (depth * 4).multipliedReportingOverflow(by: positions)
    guard !overflow, bytes <= Self.byteLimit else { return nil }
    product =
      isTransposed
      ? MatMulFloat(
        rows: depth, depth: inputs, columns: positions, transposedLeft: true, isa: isa)
      : MatMulFloat(rows: outputs, depth: depth, columns: positions, isa: isa)
  }

  private var rowByteCount: Int { roundedUp(depth * plain.window.positions.elementCount * 4) }

  private func roundedUp(_ bytes: Int) -> Int { (bytes + 63) & ~63 }

  func scratchByteCount(threads: Int) -> Int {
    rowByteCount + product.scratchByteCount(threads: threads)
  }

  func run(
    _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    into output: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let rows = scratch.assumingMemoryBound(to: Float.self)
    let rest = scratch + rowByteCount
    let window = plain.window
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let (inputs, outputs) = (
      plain.inputChannels / plain.groups, plain.outputChannels / plain.groups
    )
    let (fromPlane, toPlane) = isTransposed ? (positions, pixels) : (pixels, positions)
    for index in 0..<plain.batch * plain.groups {
      let group = index % plain.groups
      let from = input + index * inputs * fromPlane
      let to = output + index * outputs * toPlane
      let filter = weights + group * inputs * outputs * window.tapCount
      if isTransposed {
        product.run(filter, from, into: rows, scratch: rest, pool: pool)
        scatter(rows, into: to, channels: outputs, pool)
      } else {
        gather(from, into: rows, channels: inputs, pool)
        product.run(filter, rows, into: to, scratch: rest, pool: pool)
      }
      guard let bias else { continue }
      FloatBinary.add.apply(
        to, bias + group * outputs, into: to,
        pattern: .right(outer: outputs, middle: toPlane, inner: 1), isa: isa, pool: pool)
    }
  }

  /// `[channels, taps, positions]`, zero where a tap lies outside of the image.
  private func gather(
    _ image: UnsafePointer<Float>, into rows: UnsafeMutablePointer<Float>, channels: Int,
    _ pool: ThreadPool
  ) {
    let window = plain.window
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    pool.dynamic(channels * window.tapCount) { range, _ in
      for row in range {
        let plane = image + row / window.tapCount * pixels
        let to = rows + row * positions
        to.update(repeating: 0, count: positions)
        window.runs(tap: row % window.tapCount) { position, pixel, count in
          let (target, source) = (to + position, plane + pixel)
          if window.step == 1 {
            target.update(from: source, count: count)
          } else {
            for index in 0..<count { target[index] = source[index &* window.step] }
          }
        }
      }
    }
  }

  private func scatter(
    _ rows: UnsafePointer<Float>, into image: UnsafeMutablePointer<Float>, channels: Int,
    _ pool: ThreadPool
  ) {
    let window = plain.window
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    pool.dynamic(channels) { range, _ in
      for channel in range {
        let plane = image + channel * pixels
        plane.update(repeating: 0, count: pixels)
        for tap in 0..<window.tapCount {
          let from = rows + (channel * window.tapCount + tap) * positions
          window.runs(tap: tap) { position, pixel, count in
            let (target, source) = (plane + pixel, from + position)
            for index in 0..<count { target[index &* window.step] += source[index] }
          }
        }
      }
    }
  }
}
