internal import Glibc

/// The discrete Fourier transform of one length, in double.
///
/// Powers of two by Cooley and Tukey's method, other lengths as a convolution of one (Bluestein).
/// Roots are computed one by one, so that errors do not grow with the length.
struct FourierTransform: Sendable {
  struct Complex: Sendable {
    var real: Double
    var imaginary: Double

    static let zero = Complex(real: 0, imaginary: 0)

    static func + (a: Complex, b: Complex) -> Complex {
      Complex(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
    }

    static func - (a: Complex, b: Complex) -> Complex {
      Complex(real: a.real - b.real, imaginary: a.imaginary - b.imaginary)
    }

    static func * (a: Complex, b: Complex) -> Complex {
      Complex(
        real: a.real * b.real - a.imaginary * b.imaginary,
        imaginary: a.real * b.imaginary + a.imaginary * b.real)
    }

    var conjugate: Complex { Complex(real: real, imaginary: -imaginary) }

    /// `exp(i · 2π · turns)`
    static func root(turns: Double) -> Complex {
      Complex(real: cos(2 * .pi * turns), imaginary: sin(2 * .pi * turns))
    }
  }

  let length: Int
  /// For a power of two: the roots of one. Otherwise the chirp.
  private let factors: [Complex]
  private let convolution: Convolution?

  private struct Convolution: Sendable {
    let transform: PowerOfTwo
    /// The transformed conjugate chirp.
    let kernel: [Complex]
  }

  init(length: Int) {
    self.length = length
    if length & (length - 1) == 0 {
      factors = PowerOfTwo.roots(length)
      convolution = nil
    } else {
      // n² is taken modulo 2·length first: beyond, its half turns would lose digits.
      let chirp = (0..<length).map {
        Complex.root(turns: -Double(($0 * $0) % (2 * length)) / Double(2 * length))
      }
      factors = chirp
      var size = 1
      while size < 2 * length - 1 { size *= 2 }
      let transform = PowerOfTwo(roots: PowerOfTwo.roots(size))
      var kernel = [Complex](repeating: .zero, count: size)
      for index in 0..<length {
        kernel[index] = chirp[index].conjugate
        if index > 0 { kernel[size - index] = chirp[index].conjugate }
      }
      transform.run(&kernel)
      convolution = Convolution(transform: transform, kernel: kernel)
    }
  }

  /// `y[k] = Σ x[n] · exp(−2πi · k · n / length)`
  /// - Precondition: `values` holds `length` numbers.
  func forward(_ values: inout [Complex]) {
    guard length > 1 else { return }
    guard let convolution else { return PowerOfTwo(roots: factors).run(&values) }
    let size = convolution.kernel.count
    var work = [Complex](repeating: .zero, count: size)
    for index in 0..<length { work[index] = values[index] * factors[index] }
    convolution.transform.run(&work)
    // The inverse transform, by conjugating before and after.
    for index in 0..<size { work[index] = (work[index] * convolution.kernel[index]).conjugate }
    convolution.transform.run(&work)
    for index in 0..<length {
      let value = work[index].conjugate
      values[index] =
        Complex(real: value.real / Double(size), imaginary: value.imaginary / Double(size))
        * factors[index]
    }
  }

  /// `x[n] = 1/length · Σ y[k] · exp(2πi · k · n / length)`
  func inverse(_ values: inout [Complex]) {
    for index in values.indices { values[index] = values[index].conjugate }
    forward(&values)
    for index in values.indices {
      values[index] = Complex(
        real: values[index].real / Double(length),
        imaginary: -values[index].imaginary / Double(length))
    }
  }
}

/// The transform of a length that is a power of two, in place.
private struct PowerOfTwo: Sendable {
  /// `exp(−2πi · k / length)` for the first half of the circle.
  let roots: [FourierTransform.Complex]

  static func roots(_ length: Int) -> [FourierTransform.Complex] {
    (0..<max(length / 2, 1)).map { .root(turns: -Double($0) / Double(length)) }
  }

  func run(_ values: inout [FourierTransform.Complex]) {
    let count = values.count
    var reversed = 0
    for index in 1..<max(count, 1) {
      var bit = count >> 1
      while reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
      if index < reversed { values.swapAt(index, reversed) }
    }
    var size = 2
    while size <= count {
      let half = size / 2
      let step = count / size
      for start in stride(from: 0, to: count, by: size) {
        for offset in 0..<half {
          let low = values[start + offset]
          let high = values[start + offset + half] * roots[offset * step]
          values[start + offset] = low + high
          values[start + offset + half] = low - high
        }
      }
      size *= 2
    }
  }
}
