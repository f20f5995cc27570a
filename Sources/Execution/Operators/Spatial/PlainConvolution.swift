internal import Kernels
internal import Tensors

/// Convolution and its transpose over any number of axes, in float32 or float64, with weights that
/// may be computed. Row by row, so that the inner loop runs over neighbours.
struct PlainConvolution {
  /// Over the input of a convolution, or the output of a transposed one.
  let window: SlidingWindow
  let batch: Int
  let inputChannels: Int
  let outputChannels: Int
  let groups: Int

  private var inputsPerGroup: Int { inputChannels / groups }
  private var outputsPerGroup: Int { outputChannels / groups }

  var multiplyAccumulates: Int {
    batch * outputChannels * inputsPerGroup * window.tapCount * window.positions.elementCount
  }

  /// - Parameter weights: `[outputChannels, inputChannels / groups, kernel…]`.
  func convolve<Real: RealElement>(
    _ input: UnsafePointer<Real>, _ weights: UnsafePointer<Real>, bias: UnsafePointer<Real>?,
    into output: UnsafeMutablePointer<Real>, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    pool.dynamic(batch * outputChannels) { planes, _ in
      for plane in planes {
        let (image, channel) = (plane / outputChannels, plane % outputChannels)
        let to = output + plane * positions
        to.update(repeating: bias?[channel] ?? 0, count: positions)
        let first = channel / outputsPerGroup * inputsPerGroup
        for inner in 0..<inputsPerGroup {
          let from = input + (image * inputChannels + first + inner) * pixels
          for tap in 0..<window.tapCount {
            let weight = weights[(channel * inputsPerGroup + inner) * window.tapCount + tap]
            window.runs(tap: tap) { position, pixel, count in
              let (target, source) = (to + position, from + pixel)
              for index in 0..<count { target[index] += weight * source[index * step] }
            }
          }
        }
      }
    }
  }

  /// - Parameter weights: `[inputChannels, outputChannels / groups, kernel…]`.
  func transpose<Real: RealElement>(
    _ input: UnsafePointer<Real>, _ weights: UnsafePointer<Real>, bias: UnsafePointer<Real>?,
    into output: UnsafeMutablePointer<Real>, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    pool.dynamic(batch * outputChannels) { planes, _ in
      for plane in planes {
        let (image, channel) = (plane / outputChannels, plane % outputChannels)
        let to = output + plane * pixels
        to.update(repeating: bias?[channel] ?? 0, count: pixels)
        let first = channel / outputsPerGroup * inputsPerGroup
        for source in first..<first + inputsPerGroup {
          let from = input + (image * inputChannels + source) * positions
          for tap in 0..<window.tapCount {
            let row = source * outputsPerGroup + channel % outputsPerGroup
            let weight = weights[row * window.tapCount + tap]
            window.runs(tap: tap) { position, pixel, count in
              let (target, source) = (to + pixel, from + position)
              for index in 0..<count { target[index * step] += weight * source[index] }
            }
          }
        }
      }
    }
  }
}
