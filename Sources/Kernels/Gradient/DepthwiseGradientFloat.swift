internal import CKernels

/// The gradient of the weights of a convolution whose channels do not mix.
struct DepthwiseGradientFloat: Sendable {
  let geometry: ConvolutionGeometry
  private let isa: InstructionSet
  private let rows: DepthwiseRows
  private let zeros: PackedFloats

  init(geometry: ConvolutionGeometry, isa: InstructionSet) {
    self.geometry = geometry
    self.isa = isa
    rows = DepthwiseRows(geometry)
    zeros = PackedFloats(count: geometry.inputChannels)
  }

  private var taps: Int { geometry.kernelHeight * geometry.kernelWidth }
  private var sumByteCount: Int { roundedUp(taps * geometry.outputChannels * 4, to: 64) }

  func scratchByteCount(threads: Int) -> Int { threads * (rows.byteCount + sumByteCount) }

  func run(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    into gradient: UnsafeMutablePointer<Float>, batch: Int, scratch: UnsafeMutableRawPointer,
    pool: ThreadPool
  ) {
    let height = geometry.outputHeight
    let channels = geometry.outputChannels
    let count = batch * height
    let parts = max(
      1, min(pool.threadCount, count, count * geometry.outputWidth * channels * taps / (1 << 17)))
    pool.parallel(parts) { range in
      for part in range {
        let memory = scratch + part * (rows.byteCount + sumByteCount)
        let pointers = memory.assumingMemoryBound(to: UnsafePointer<Float>.self)
        let sums = (memory + rows.byteCount).assumingMemoryBound(to: Float.self)
        sums.update(repeating: 0, count: taps * channels)
        for index in count * part / parts..<count * (part + 1) / parts {
          let image = input + index / height * geometry.inputCount
          let inside = rows.point(
            index % height, of: image, zeros: UnsafePointer(zeros.base), into: pointers)
          var row = kern_depthwise_gradient_f32_row(
            pixels: pointers, pixel_stride: rows.spannedColumns, step: geometry.strideWidth,
            dilation: geometry.dilationWidth, kernel_rows: inside.count,
            kernel_columns: geometry.kernelWidth, channels: channels,
            gradient: outputGradient + index * geometry.outputWidth * channels,
            weights: sums + inside.lowerBound * geometry.kernelWidth * channels)
          isa.gradientKernels.depthwise(&row, geometry.outputWidth)
        }
      }
    }
    for channel in 0..<channels {
      for tap in 0..<taps {
        var sum: Float = 0
        for part in 0..<parts {
          let memory = scratch + part * (rows.byteCount + sumByteCount) + rows.byteCount
          sum += memory.assumingMemoryBound(to: Float.self)[tap * channels + channel]
        }
        gradient[channel * taps + tap] = sum
      }
    }
  }
}
